package issuerhttp_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/store/storetest"
	"github.com/deskauth/deskauth/internal/web"
)

// picture is a PNG of one colour.
func picture(t *testing.T, c color.Color) []byte {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, 80, 40))
	draw.Draw(m, m.Bounds(), image.NewUniform(c), image.Point{}, draw.Src)
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// upload submits a form with a file as browsers do: the file comes last, and without
// a name when none was chosen.
func (b *browser) upload(target string, v url.Values, file []byte) *reply {
	b.w.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for name, values := range v {
		for _, value := range values {
			_ = form.WriteField(name, value)
		}
	}
	name := ""
	if file != nil {
		name = "photo of grandma.svg" // what it is called and declared to be means nothing
	}
	part, err := form.CreateFormFile(web.FieldLogo, name)
	if err != nil {
		b.w.t.Fatal(err)
	}
	_, _ = part.Write(file)
	_ = form.Close()
	r, err := http.NewRequestWithContext(b.w.t.Context(), http.MethodPost, b.w.scheme()+"://"+b.host+target, &body)
	if err != nil {
		b.w.t.Fatal(err)
	}
	r.Header = header("Content-Type", form.FormDataContentType(), "Sec-Fetch-Site", "same-origin")
	return b.w.send(b.http, r)
}

var logoOnPage = regexp.MustCompile(`<img class="logo" src="(/logos/[0-9a-f]{32}\.png)"`)

func logoOn(r *reply) string {
	r.t.Helper()
	found := logoOnPage.FindStringSubmatch(r.want(http.StatusOK).Body)
	if found == nil {
		return ""
	}
	return found[1]
}

// A logo from its file to its end: on the client's page, in the list, at consent,
// among authorized apps, and in the API.
func TestLogoFromUploadToRemoval(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		b, since := w.as(ada), w.lastEvent()
		app := form("name", "The app", "identifier", "app", "kind", "confidential", "redirect_uri", appCallback)
		b.upload("/admin/oauth/clients/1", app, picture(t, color.Black)).want(http.StatusSeeOther)
		at := logoOn(b.get("/admin/oauth/clients/1"))
		if at == "" {
			t.Fatal("the client's page shows no logo")
		}
		w.token(grant(b.allow(request()).code())).pair()
		for _, page := range []string{"/admin/oauth/clients?q=The+app", "/apps"} {
			if got := logoOn(b.get(page)); got != at {
				t.Errorf("%s shows %q", page, got)
			}
		}
		if got := logoOn(w.as(carl).authorize(request())); got != at {
			t.Errorf("the consent page shows %q", got)
		}

		r := w.browser("acme.localhost").get(at).want(http.StatusOK) // nobody needs to be signed in
		for name, want := range map[string]string{
			"Content-Type": "image/png", "Cache-Control": "public, max-age=31536000, immutable",
			"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
		} {
			if got := r.Header.Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		if c, err := png.DecodeConfig(strings.NewReader(r.Body)); err != nil || c.Width != c.Height {
			t.Errorf("it is %dx%d, %v", c.Width, c.Height, err)
		}
		for _, no := range []string{strings.TrimSuffix(at, ".png"), "/logos/" + strings.Repeat("0", 32) + ".png", "/logos/x.png", "/logos/..%2f.png", "/logos/%00.png", "/logos/"} {
			b.get(no).want(http.StatusNotFound)
		}
		w.as(hank).get(at).want(http.StatusNotFound) // another account's
		b.post(at, form()).want(http.StatusMethodNotAllowed)

		admin := w.bearer(ada)
		var told struct {
			Client struct {
				LogoURL *string `json:"logo_url"`
			}
		}
		w.api(admin, http.MethodGet, clientsPath+"/1", "").into(200, &told)
		if told.Client.LogoURL == nil || *told.Client.LogoURL != "http://acme.localhost"+at {
			t.Errorf("logo_url is %v", told.Client.LogoURL)
		}
		w.api(admin, http.MethodGet, clientsPath+"/2", "").into(200, &told)
		if told.Client.LogoURL != nil {
			t.Errorf("logo_url of a client without is %v", *told.Client.LogoURL)
		}

		// A form without a file leaves it; another file replaces it.
		b.upload("/admin/oauth/clients/1", app, nil).want(http.StatusSeeOther)
		b.post("/admin/oauth/clients/1", app).want(http.StatusSeeOther)
		if got := logoOn(b.get("/admin/oauth/clients/1")); got != at {
			t.Errorf("it became %q", got)
		}
		b.upload("/admin/oauth/clients/1", app, picture(t, color.White)).want(http.StatusSeeOther)
		next := logoOn(b.get("/admin/oauth/clients/1"))
		if next == at || next == "" {
			t.Errorf("another picture is at %q", next)
		}
		b.get(at).want(http.StatusNotFound)
		b.upload("/admin/oauth/clients/1", with(app, web.FieldRemoveLogo, "on"), nil).want(http.StatusSeeOther)
		if got := logoOn(b.get("/admin/oauth/clients/1")); got != "" {
			t.Errorf("removed, it is at %q", got)
		}
		b.get(next).want(http.StatusNotFound)
		if n := storetest.Count(t, w.raw, `SELECT count(*) FROM issuer_client_logos`); n != 0 {
			t.Errorf("%d pictures are kept", n)
		}
		if got := strings.Join(w.said(since), "\n"); strings.Count(got, "logo") != 3 {
			t.Errorf("the audit trail says\n%s", got)
		}
	})
}

// A new client comes with its logo, and takes it along when it goes.
func TestANewClientHasALogo(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		b := w.as(ada)
		for n, path := range []string{"/admin/oauth/clients", "/admin/chat/clients"} {
			id := "fresh" + id64(int64(n))
			full := secretOf(t, b.upload(path, form("name", "Fresh", "identifier", id, "kind", "public", "redirect_uri", "https://my.example/cb"), picture(t, color.Black)))
			w.secrets.learn("", full)
			product := []issuer.Product{issuer.Support, issuer.Chat}[n]
			c, err := w.issuer.Store.Client(t.Context(), 1, product, id)
			if err != nil {
				t.Fatal(err)
			}
			at := logoOn(b.get(fmt.Sprintf("%s/%d", path, c.ID)))
			b.get(at).want(http.StatusOK)
			b.post(fmt.Sprintf("%s/%d/delete", path, c.ID), form(web.FieldTyped, id)).want(http.StatusSeeOther)
			if n == 1 {
				b.get(at).want(http.StatusNotFound)
			}
		}
	})
}

// What cannot be a logo is told at its field, and nothing that was typed is lost.
func TestALogoThatCannotBe(t *testing.T) {
	w := onSQLite(t, options{})
	b := w.as(ada)
	before := w.rows()
	typed := form("name", "Kept name", "identifier", "kept_identifier", "description", "kept description", "kind", "public",
		"redirect_uri", "https://kept.example/cb", "allowed_scopes", "tickets:read")
	good := picture(t, color.Black)
	for said, file := range map[string][]byte{
		"The picture was not taken: the file is no JPG, GIF or PNG. Choose another file.": []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`),
		"The picture was not taken: the file is damaged. Choose another file.":            good[:len(good)/2],
		"The picture was not taken: the file is larger than 2 MB. Choose a smaller one.":  append(bytes.Clone(good), make([]byte, 3<<20)...),
	} {
		for _, path := range []string{"/admin/oauth/clients", "/admin/oauth/clients/1"} {
			r := b.upload(path, typed, file).want(http.StatusUnprocessableEntity)
			for _, kept := range []string{said, "Kept name", "kept_identifier", "kept description", "https://kept.example/cb", `value="tickets:read" checked`, `aria-describedby="logo-help logo-wrong"`} {
				if !strings.Contains(r.Body, kept) {
					t.Errorf("%s: the page does not have %q", said, kept)
				}
			}
		}
	}
	// A good file with something else wrong has to be chosen again.
	r := b.upload("/admin/oauth/clients", with(typed, "name", ""), good).want(http.StatusUnprocessableEntity)
	if !strings.Contains(r.Body, "Choose the picture again") || !strings.Contains(r.Body, "Please fill this in.") {
		t.Error(r.page())
	}
	w.unchanged(before)
}

// A form that is no form is refused, and so is one without an end.
func TestUploadsThatCannotBeRead(t *testing.T) {
	w := onSQLite(t, options{})
	b := w.as(ada)
	before := w.rows()
	send := func(kind, body string) int {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://acme.localhost/admin/oauth/clients", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header = header("Content-Type", kind, "Sec-Fetch-Site", "same-origin")
		return w.send(b.http, r).Status
	}
	const kind = "multipart/form-data; boundary=x"
	for name, tt := range map[string]struct{ kind, body string }{
		"no boundary":      {"multipart/form-data", "--x--"},
		"no end":           {kind, "--x\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nhalf"},
		"a very long text": {kind, "--x\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\n" + strings.Repeat("a", 100_000) + "\r\n--x--\r\n"},
		"many parts":       {kind, strings.Repeat("--x\r\nContent-Disposition: form-data; name=\"redirect_uri\"\r\n\r\n"+strings.Repeat("a", 1000)+"\r\n", 100) + "--x--\r\n"},
		"many empty parts": {kind, strings.Repeat("--x\r\nContent-Disposition: form-data; name=\"redirect_uri\"\r\n\r\n\r\n", 10_000) + "--x--\r\n"},
		"a long plain one": {"application/x-www-form-urlencoded", "name=" + strings.Repeat("a", 100_000)},
	} {
		if got := send(tt.kind, tt.body); got != http.StatusBadRequest {
			t.Errorf("%s: %d", name, got)
		}
	}
	if got := send("text/plain", "name=x"); got != http.StatusUnprocessableEntity {
		t.Errorf("no form at all: %d", got)
	}
	w.unchanged(before)
}
