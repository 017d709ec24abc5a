package deskhttp_test

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/desk"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/zendesk"
)

// What the founding tutorials' customers do: upload a log and attach it.
func TestUploadStory(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.open(ada, map[string]any{"comment": said("It broke."), "requester_id": w.id(carl)})
		got := w.call(call{As: carl, Method: http.MethodPost, Path: "/uploads.json?filename=crash+1.log", Type: "text/plain", Body: "line 1\nline 2\n"}).want(http.StatusCreated)
		var e zendesk.UploadEnvelope
		got.decode(&e)
		u, a := e.Upload, e.Upload.Attachment
		if got.Header.Get("Content-Type") != "text/plain; charset=utf-8" || got.Header.Get("Location") != a.URL || got.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("headers %v", got.Header)
		}
		if a.FileName != "crash 1.log" || a.Size != 14 || a.ContentType != "text/plain" || len(u.Attachments) != 1 || !u.ExpiresAt.Equal(w.Now().Add(time.Hour)) {
			t.Errorf("upload %+v of %+v", u.ExpiresAt, a)
		}
		w.call(call{As: carl, Method: http.MethodPost, Path: "/uploads?filename=x.log", Type: "text/plain", Body: "x", Header: map[string]string{"Accept": "application/json"}}).
			want(http.StatusCreated).told("Content-Type", "application/json; charset=utf-8")
		second := w.upload(carl, "second.txt", "two", u.Token)
		if second.Token != u.Token || len(second.Attachments) != 2 || second.Attachment.FileName != "second.txt" {
			t.Errorf("the second file: %+v", second.Attachments)
		}

		w.call(call{As: carl, Method: http.MethodPut, Path: "/requests/1", Body: map[string]any{"request": map[string]any{"comment": map[string]any{"body": "See the log.", "uploads": []string{u.Token}}}}}).want(http.StatusOK)
		var l struct{ Comments []zendesk.Comment }
		w.call(call{As: carl, Path: "/requests/1/comments"}).decode(&l)
		if len(l.Comments) != 2 || len(l.Comments[1].Attachments) != 2 || len(l.Comments[0].Attachments) != 0 {
			t.Fatalf("comments %+v", l.Comments)
		}
		w.call(call{As: grace, Path: fmt.Sprintf("/attachments/%d.json", a.ID)}).want(http.StatusOK, `"file_name":"crash 1.log"`)

		content := w.call(call{Path: strings.TrimPrefix(l.Comments[1].Attachments[0].ContentURL, "http://acme.localhost")}).want(http.StatusOK)
		h := content.Header
		if content.Body != "line 1\nline 2\n" || h.Get("Content-Disposition") != `attachment; filename="crash 1.log"` || h.Get("Content-Type") != "text/plain" ||
			h.Get("Content-Security-Policy") != "sandbox; default-src 'none'" || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("content %q %v", content.Body, h)
		}

		// The token is spent; no file of a comment goes when time goes by.
		w.update(ada, 1, map[string]any{"comment": map[string]any{"body": "again", "uploads": u.Token}}).want(http.StatusUnprocessableEntity, "Uploads: token is unknown, used or expired")
		w.call(call{As: carl, Method: http.MethodDelete, Path: "/uploads/" + u.Token}).want(http.StatusNotFound)
		w.pass(48 * time.Hour)
		w.prune(2) // the one that asked for JSON was never attached
		// With its ticket they do.
		w.call(call{As: ada, Method: http.MethodDelete, Path: "/tickets/1"}).want(http.StatusNoContent)
		w.call(call{As: grace, Path: fmt.Sprintf("/attachments/%d.json", a.ID)}).want(http.StatusNotFound)
		w.prune(0)
	})
}

// prune removes what nothing needs, and wants as many files as that to be left.
func (w *world) prune(left int) {
	w.t.Helper()
	for {
		n, err := w.desk.Prune(w.t.Context(), 1)
		if err != nil {
			w.t.Fatal(err)
		}
		if n == 0 {
			break
		}
	}
	files, err := os.ReadDir(w.files)
	if err != nil || len(files) != left {
		w.t.Errorf("%d files, want %d (%v)", len(files), left, err)
	}
}

func TestUploadsEnd(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.open(ada, map[string]any{"comment": said("x")})
		attach := func(token string) *reply {
			return w.update(ada, 1, map[string]any{"comment": map[string]any{"body": "y", "uploads": []string{token}}})
		}
		old, dropped := w.upload(ada, "old.txt", "old", ""), w.upload(ada, "dropped.txt", "dropped", "")
		w.call(call{As: carl, Method: http.MethodDelete, Path: "/uploads/" + dropped.Token}).want(http.StatusNotFound) // another's
		w.call(call{As: ada, Method: http.MethodDelete, Path: "/uploads/" + dropped.Token + ".json"}).want(http.StatusNoContent)
		w.call(call{As: ada, Method: http.MethodDelete, Path: "/uploads/" + dropped.Token}).want(http.StatusNotFound)
		w.call(call{Path: strings.TrimPrefix(dropped.Attachment.ContentURL, "http://acme.localhost")}).want(http.StatusNotFound)
		attach(dropped.Token).want(http.StatusUnprocessableEntity)

		w.pass(time.Hour)
		attach(old.Token).want(http.StatusUnprocessableEntity, `"uploads"`)
		w.call(call{As: ada, Method: http.MethodPost, Path: "/uploads?filename=x&token=" + old.Token, Body: "x"}).want(http.StatusNotFound)
		w.prune(0)
		attach(w.upload(ada, "new.txt", "new", "").Token).want(http.StatusOK, "new.txt")
		w.prune(1)
	})
}

// Exactly one comment gets the file, however many name it at once.
func TestOneUploadManyComments(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		const many = 6
		var requests []*http.Request
		token := w.upload(ada, "one.txt", "one", "").Token
		for n := range many {
			w.open(ada, map[string]any{"comment": said("x")})
			requests = append(requests, w.request(call{
				As: ada, Method: http.MethodPut, Path: fmt.Sprintf("/tickets/%d", n+1),
				Body: map[string]any{"ticket": map[string]any{"comment": map[string]any{"body": "y", "uploads": []string{token}}}},
			}))
		}
		if got := w.race(requests); got[http.StatusOK] != 1 || got[http.StatusUnprocessableEntity] != many-1 {
			t.Errorf("statuses %v", got)
		}
		comments := 0
		for n := range many {
			var l struct{ Count int }
			w.call(call{As: ada, Path: fmt.Sprintf("/tickets/%d/comments", n+1)}).decode(&l)
			comments += l.Count
		}
		if comments != many+1 {
			t.Errorf("%d comments: one that was refused was kept", comments)
		}
	})
}

func TestUploadRefusals(t *testing.T) {
	w := newWorld(t, store.SQLite)
	read, files := w.bearer("read"), w.bearer("ticket_attachments:write")
	post := func(as, bearer, query string, body any) *reply {
		return w.call(call{As: as, Bearer: bearer, Method: http.MethodPost, Path: "/uploads" + query, Type: "text/plain", Body: body})
	}
	others := w.upload(ada, "a.txt", "a", "")
	post("", "", "?filename=x", "x").want(http.StatusUnauthorized)
	post("", read, "?filename=x", "x").want(http.StatusForbidden, "ticket_attachments:write, tickets:write, write")
	post("", files, "?filename=x", "x").want(http.StatusCreated)
	post(carl, "", "", "x").want(http.StatusBadRequest, "Parameter filename is required")
	post(carl, "", "?filename=+", "x").want(http.StatusBadRequest)
	post(carl, "", "?filename="+strings.Repeat("x", 2000), "x").want(http.StatusUnprocessableEntity, "too long")
	post(carl, "", "?filename=x&token="+others.Token, "x").want(http.StatusNotFound)
	post(carl, "", "?filename=x&token=%00", "x").want(http.StatusNotFound)
	post(carl, "", "?filename=x", &endless{n: desk.UploadMost + 1}).want(http.StatusRequestEntityTooLarge, "AttachmentTooLarge")
	for _, path := range []string{"/attachments/token/nothing/?name=x", "/attachments/token/%00/", "/attachments/token/..%2f..%2fetc/"} {
		w.call(call{Path: path}).want(http.StatusNotFound)
	}
	w.call(call{Host: "globex.localhost", Path: strings.TrimPrefix(others.Attachment.ContentURL, "http://acme.localhost")}).want(http.StatusNotFound)
	w.call(call{As: carl, Path: fmt.Sprintf("/attachments/%d", others.Attachment.ID)}).want(http.StatusForbidden)
	w.call(call{As: hank, Host: "globex.localhost", Path: fmt.Sprintf("/attachments/%d", others.Attachment.ID)}).want(http.StatusNotFound)
	w.call(call{As: ada, Path: "/attachments/x"}).want(http.StatusNotFound)
	// What did not come to be left no file: those of ada and of the bearer are there.
	w.prune(2)
}

// endless is a body of unsaid length.
type endless struct{ n int }

func (e *endless) Read(p []byte) (int, error) {
	if e.n == 0 {
		return 0, io.EOF
	}
	n := min(len(p), e.n)
	e.n -= n
	return n, nil
}

// Names and types are the client's; what they can do in a header or a page is not.
func TestUploadNames(t *testing.T) {
	w := newWorld(t, store.SQLite)
	for _, c := range []struct{ name, kind, wantType, wantDisposition string }{
		{"page.html", "text/html", "text/html", `attachment; filename=page.html`},
		{"x.log", "application/octet-stream", "text/plain", `attachment; filename=x.log`},
		{"x.unknown", "", "application/octet-stream", `attachment; filename=x.unknown`},
		{"x", "not a type", "application/octet-stream", `attachment; filename=x`},
		{"%C3%BC.txt", "text/plain; charset=utf-8", "text/plain", `attachment; filename*=utf-8''%C3%BC.txt`},
		{"a%0d%0aSet-Cookie:%20x=y", "text/plain", "text/plain", `attachment; filename*=utf-8''a%0D%0ASet-Cookie%3A%20x%3Dy`},
		{"..%2F..%2Fetc%2Fpasswd", "text/plain", "text/plain", `attachment; filename=.._.._etc_passwd`},
		{"%00%ff", "text/plain", "text/plain", `attachment; filename*=utf-8''%EF%BF%BD`},
	} {
		var e zendesk.UploadEnvelope
		w.call(call{As: ada, Method: http.MethodPost, Path: "/uploads?filename=" + c.name, Body: "x", Header: map[string]string{"Content-Type": c.kind}}).want(http.StatusCreated).decode(&e)
		got := w.call(call{Path: strings.TrimPrefix(e.Upload.Attachment.ContentURL, "http://acme.localhost")}).want(http.StatusOK)
		if got.Header.Get("Content-Type") != c.wantType || got.Header.Get("Content-Disposition") != c.wantDisposition || got.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s: %v", c.name, got.Header)
		}
	}
	w.prune(8)
}

func TestImagesHaveASize(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		var file bytes.Buffer
		if err := png.Encode(&file, image.NewGray(image.Rect(0, 0, 80, 62))); err != nil {
			t.Fatal(err)
		}
		upload := func(kind string) zendesk.Upload {
			var e zendesk.UploadEnvelope
			w.call(call{As: carl, Method: http.MethodPost, Path: "/uploads?filename=crash.png", Type: kind, Body: bytes.NewReader(file.Bytes())}).
				want(http.StatusCreated).decode(&e)
			return e.Upload
		}
		isSized := func(a zendesk.Attachment) bool {
			return a.Width != nil && *a.Width == 80 && a.Height != nil && *a.Height == 62 && a.Size == int64(file.Len()) && len(a.Thumbnails) == 0
		}
		if got := upload("text/plain").Attachment; got.Width != nil || got.Height != nil {
			t.Errorf("what says that it is text has %v by %v", got.Width, got.Height)
		}
		u := upload("image/png")
		if !isSized(u.Attachment) || !isSized(u.Attachments[0]) {
			t.Errorf("uploaded %+v", u.Attachment)
		}
		shown := w.open(grace, map[string]any{"comment": map[string]any{"body": "x", "uploads": []string{u.Token}}})
		if got := shown.Audit.Events[0].Attachments[0]; !isSized(got) {
			t.Errorf("attached %+v", got)
		}
		var e zendesk.AttachmentEnvelope
		w.call(call{As: grace, Path: fmt.Sprintf("/attachments/%d", u.Attachment.ID)}).want(200).decode(&e)
		if !isSized(e.Attachment) {
			t.Errorf("shows %+v", e.Attachment)
		}
	})
}
