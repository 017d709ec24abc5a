package deskhttp

import (
	"errors"
	"log/slog"
	"mime"
	"net/http"
	"strings"

	"github.com/deskauth/deskauth/internal/apihttp"
	"github.com/deskauth/deskauth/internal/desk"
	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/zendesk"
)

// ContentPattern is where the files of attachments are, for http.ServeMux.
const ContentPattern = zendesk.AttachmentContentPath + "{token}/{$}"

// Content serves a file to whoever has its address.
//
// Files are anybody's, and come from the host whose cookies sign people in: so
// they are to be saved, and a browser that shows one all the same runs nothing of
// it. Zendesk sends to another host instead.
func (s *Server) Content(log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
			return
		}
		err := s.content(w, r)
		if err == nil {
			return
		}
		if errors.Is(err, issuer.ErrNotFound) {
			err = zendesk.NoSuchAccount
		}
		(&apihttp.API{Issuer: s.Issuer, Log: log}).Fail(w, r, refusal(err))
	})
}

// noFolders keeps a name from leading out of the folder that a file is saved in.
var noFolders = strings.NewReplacer("/", "_", `\`, "_")

func (s *Server) content(w http.ResponseWriter, r *http.Request) error {
	account, err := s.Hosts.Account(r.Context(), r.Host)
	if err != nil {
		return err
	}
	httpd.Note(r.Context(), slog.String("account", account.Subdomain))
	a, file, err := s.Desk.Content(r.Context(), desk.AccountID(account.ID), r.PathValue("token"))
	if err != nil {
		return err
	}
	defer file.Close()
	h := w.Header()
	h.Set("Content-Type", a.Type)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": noFolders.Replace(a.Name)}))
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("Cache-Control", "private, no-store")
	http.ServeContent(w, r, "", a.Created, file)
	return nil
}
