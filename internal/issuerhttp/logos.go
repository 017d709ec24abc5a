package issuerhttp

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/logo"
	"github.com/deskauth/deskauth/internal/web"
)

// logosPath is where the clients' logos are, each under the name of its content.
const logosPath = "/logos/"

// logoPath is where a client's logo is; "" where it has none.
func logoPath(c issuer.Client) string {
	if c.Logo.Name == "" {
		return ""
	}
	return logosPath + c.Logo.Name + ".png"
}

// shown is a client as pages show it.
func shown(c issuer.Client) web.Client {
	return web.Client{Name: c.Name, Company: c.Company, LogoURL: logoPath(c)}
}

// logo serves a picture. It is no secret: whoever is to consent sees it, and so does
// whoever reads logo_url. Should a browser ever take it for a page, that page could
// do nothing.
func (s *Server) logo(v visit) error {
	name, isPNG := strings.CutSuffix(v.r.PathValue("name"), ".png")
	if !isPNG {
		return issuer.ErrNotFound
	}
	png, err := s.Issuer.Logo(v.r.Context(), v.account, name)
	if err != nil {
		return err
	}
	h := v.w.Header()
	h.Set("Content-Type", "image/png")
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	_, _ = v.w.Write(png) // a reader who left is nobody to report to
	return nil
}

// logoRefused says why a file was not taken, and what to do, in the reader's language.
func logoRefused(lang web.Lang, why string) string {
	switch why {
	case logo.ErrFormat.Error():
		return web.T(lang, "client.logo.format")
	case logo.ErrBytes.Error():
		return web.T(lang, "client.logo.bytes", logo.MostBytes>>20)
	case logo.ErrPixels.Error():
		return web.T(lang, "client.logo.pixels", logo.MostPixels/1_000_000, logo.MostSide)
	case logo.ErrBroken.Error():
		return web.T(lang, "client.logo.broken")
	default:
		return why
	}
}

// uploadMost bounds the form of a client. It is far beyond what a logo may have: to
// a browser that is cut off in the middle of a file, nothing can be said.
const uploadMost = 32 << 20

// bodyMost is how much may be sent to a path.
func bodyMost(path string) int64 {
	for _, clients := range []string{web.PathClients, web.PathChatClients} {
		if path == clients || path == clients+"/{id}" {
			return uploadMost
		}
	}
	return formMost
}

// partCost is what a part of a form costs beside what it says.
const partCost = 64

// upload is a form, and what was sent for its one file.
type upload struct {
	fields url.Values
	file   []byte // up to one byte more than it may have; nil: none was chosen
}

// readUpload reads a form with a file in it, or one without. The file stays in
// memory, and of a large one only as much as tells that it is too large.
func (v visit) readUpload() (upload, error) {
	kind, _, err := mime.ParseMediaType(v.r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		v.r.Body = http.MaxBytesReader(v.w, v.r.Body, formMost)
		if err := v.r.ParseForm(); err != nil {
			return upload{}, formError(err)
		}
		return upload{fields: v.r.PostForm}, nil
	}
	parts, err := v.r.MultipartReader()
	if err != nil {
		return upload{}, errForm
	}
	up := upload{fields: url.Values{}}
	for left := int64(formMost); ; {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return up, nil
		} else if err != nil {
			return upload{}, formError(err)
		}
		if part.FormName() == web.FieldLogo {
			if up.file, err = head(part, logo.MostBytes+1); err != nil {
				return upload{}, formError(err)
			}
			continue
		}
		value, err := head(part, left+1)
		if err != nil {
			return upload{}, formError(err)
		}
		if left -= int64(len(part.FormName()) + len(value) + partCost); left < 0 {
			return upload{}, errForm
		}
		up.fields.Add(part.FormName(), string(value))
	}
}

// head reads the beginning of a part, and passes over the rest.
func head(part *multipart.Part, most int64) ([]byte, error) {
	begin, err := io.ReadAll(io.LimitReader(part, most))
	if err != nil {
		return nil, err
	}
	_, err = io.Copy(io.Discard, part)
	return begin, err
}

// change is what a form wants of the logo: nil where it wants nothing.
func (up upload) change() *[]byte {
	switch {
	case len(up.file) > 0:
		return &up.file
	case up.fields.Get(web.FieldRemoveLogo) != "":
		return &[]byte{}
	}
	return nil
}
