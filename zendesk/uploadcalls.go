package zendesk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
)

// File is what is uploaded.
type File struct {
	Name string
	Type string // its media type; empty: that of some bytes
	// Size is how many bytes Body gives. Zendesk wants it said beforehand.
	Size int64
	// Body is read once, as it is sent. Where it is an io.Seeker too, a file that Zendesk
	// did not take because of its rate limit is sent again from where Body stood.
	Body io.Reader
	// Token adds the file to an earlier upload, so that one token names both.
	Token string
}

// String hides the token.
func (f File) String() string { return fmt.Sprintf("zendesk.File{name:%q size:%d}", f.Name, f.Size) }

// GoString hides the token from %#v.
func (f File) GoString() string { return f.String() }

// Format hides the token from every verb.
func (f File) Format(s fmt.State, _ rune) { _, _ = fmt.Fprint(s, f.String()) }

// LogValue hides the token from log/slog.
func (f File) LogValue() slog.Value { return slog.StringValue(f.String()) }

// Upload sends a file, to be named by its token in a comment soon: Zendesk keeps it for
// an hour or a few days. Errors as for Me; an *APIError with Status 413 when it is too
// large. A file whose answer was lost is nowhere to be seen and can be sent again.
func (a *API) Upload(ctx context.Context, f File) (Upload, error) {
	if f.Body == nil || f.Size < 0 {
		return Upload{}, errors.New("zendesk: a file needs a body and its size")
	}
	q := url.Values{"filename": {f.Name}}
	if f.Token != "" {
		q.Set("token", f.Token)
	}
	body := &resent{from: f.Body, size: f.Size}
	defer body.end()
	e, err := one(ctx, a, call{
		method: http.MethodPost, path: UploadsPath, query: q,
		content: content{kind: cmp.Or(f.Type, "application/octet-stream"), size: f.Size, open: body.open},
	}, exactly[UploadEnvelope], func(e UploadEnvelope) bool { return e.Upload.Token != "" })
	return e.Upload, err
}

// DeleteUpload removes an upload that no comment names. Errors as for Me.
func (a *API) DeleteUpload(ctx context.Context, token string) error {
	return a.do(ctx, call{
		method: http.MethodDelete, path: UploadsPath + "/" + url.PathEscape(token), shown: UploadsPath + "/TOKEN",
	}, into(nil))
}

// errSpent says that a body cannot be read a second time.
var errSpent = errors.New("zendesk: the file cannot be sent again, because its body cannot be read again")

// resent is a body that is read from the same place for each try.
type resent struct {
	from  io.Reader
	size  int64
	begin int64
	tries int
	last  *tried
}

// tried is the body of one try. A transport may read on after it has answered, which the
// next try, and whoever owns the body, must not meet.
type tried struct {
	mu   sync.Mutex
	from io.Reader // nil: ended
}

func (t *tried) Read(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.from == nil {
		return 0, errSpent
	}
	return t.from.Read(p)
}

// open is the body for a try.
func (r *resent) open() (io.Reader, error) {
	r.end()
	r.tries++
	seeker, again := r.from.(io.Seeker)
	var err error
	switch {
	case again && r.tries == 1:
		// What cannot say where it stands, as a pipe's file, is not read again.
		if r.begin, err = seeker.Seek(0, io.SeekCurrent); err != nil {
			r.from = struct{ io.Reader }{r.from}
		}
	case again:
		_, err = seeker.Seek(r.begin, io.SeekStart)
		if err != nil {
			return nil, fmt.Errorf("zendesk: %w", err)
		}
	case r.tries > 1:
		return nil, errSpent
	}
	if r.size == 0 {
		return http.NoBody, nil
	}
	r.last = &tried{from: r.from}
	return r.last, nil
}

// end keeps the try from reading more. It does not wait for a body that blocks and that
// nobody reads again.
func (r *resent) end() {
	if r.last == nil {
		return
	}
	if _, again := r.from.(io.Seeker); !again && !r.last.mu.TryLock() {
		return
	} else if again {
		r.last.mu.Lock()
	}
	r.last.from = nil
	r.last.mu.Unlock()
}
