package issuerhttp

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/logo"
	"github.com/deskauth/deskauth/internal/web"
)

// FuzzLocalPath: to a browser, it is always a page of the host it is at.
func FuzzLocalPath(f *testing.F) {
	for _, next := range []string{"", "/", "/a?b=c#d", "//evil.example", "/\\evil.example", "/\t/evil.example", "https://evil.example", "/%2f%2fevil.example", "/..//evil.example", "/\xff"} {
		f.Add(next)
	}
	here := &url.URL{Scheme: "http", Host: "acme.localhost", Path: "/"}
	f.Fuzz(func(t *testing.T, next string) {
		got := localPath(next)
		if got != next && got != "/" {
			t.Fatalf("%q became %q", next, got)
		}
		// What is not parsed here is a path to a browser all the same.
		if to, err := here.Parse(got); err == nil && to.Host != here.Host {
			t.Fatalf("%q leads to %s", next, to)
		}
		if !strings.HasPrefix(got, "/") || strings.HasPrefix(got, "//") || strings.ContainsAny(got, "\\\t\r\n") {
			t.Fatalf("%q leads to %q", next, got)
		}
	})
}

// FuzzUploadForm: of a client's form no more is kept than a form and a logo may
// have, whatever is sent, and what a browser sends is read.
func FuzzUploadForm(f *testing.F) {
	f.Add("multipart/form-data; boundary=x", []byte("--x\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nN\r\n--x--\r\n"), "name", "N", []byte("GIF89a"))
	f.Add("multipart/form-data", []byte("--x"), "", "", []byte{})
	f.Add("multipart/form-data; boundary=", []byte("--"), "logo", "text", []byte("x"))
	f.Add("application/x-www-form-urlencoded", []byte("name=N&logo=%zz;"), "name", "a\r\nb\x00", []byte("\xff"))
	f.Add("multipart/mixed; boundary=x; boundary=y", []byte("--x\r\n\r\n"), "redirect_uris", "\xff", bytes.Repeat([]byte("x"), 1000))
	read := func(kind string, body []byte) (upload, error) {
		r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
		r.Header.Set("Content-Type", kind)
		return visit{w: httptest.NewRecorder(), r: r}.readUpload()
	}
	f.Fuzz(func(t *testing.T, kind string, body []byte, name, value string, file []byte) {
		if up, err := read(kind, body); err == nil {
			kept := 0
			for field, values := range up.fields {
				kept += len(field) + len(strings.Join(values, ""))
			}
			if kept > formMost || len(up.file) > logo.MostBytes+1 {
				t.Fatalf("kept %d bytes of fields, and a file of %d", kept, len(up.file))
			}
		}
		var form bytes.Buffer
		w := multipart.NewWriter(&form)
		_ = w.WriteField("field", value) // a buffer takes all
		// No name of a file has a control character, and the writer would let it stand.
		name = strings.Map(func(c rune) rune {
			if unicode.IsControl(c) {
				return '_'
			}
			return c
		}, name)
		part, _ := w.CreateFormFile(web.FieldLogo, name)
		_, _ = part.Write(file)
		_ = w.Close()
		up, err := read(w.FormDataContentType(), form.Bytes())
		if len(value) > formMost/2 || len(file) > logo.MostBytes {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(url.Values{"field": {value}}, up.fields); diff != "" || !bytes.Equal(up.file, file) {
			t.Fatalf("%s\n%d bytes of a file, of %d", diff, len(up.file), len(file))
		}
	})
}
