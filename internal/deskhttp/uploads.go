package deskhttp

import (
	"context"
	"io"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/deskauth/deskauth/internal/apihttp"
	"github.com/deskauth/deskauth/internal/desk"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/zendesk"
)

// uploadsWrite: which scopes uploads took before August 2026 is not known.
var uploadsWrite = []string{"ticket_attachments:write", "tickets:write", zendesk.Write}

// uploadPatience is how long a file may take to come in.
const uploadPatience = 10 * time.Minute

// nameMost is how long the name of a file may be, in bytes.
const nameMost = 1024

func (s *Server) uploadRoutes() []apihttp.Route {
	return []apihttp.Route{
		{Method: http.MethodPost, Path: zendesk.UploadsPath, Scopes: uploadsWrite, Serve: s.upload},
		{Method: http.MethodDelete, Path: zendesk.UploadsPath + "/{token}", Scopes: uploadsWrite, Serve: s.deleteUpload},
		{Method: http.MethodGet, Path: zendesk.AttachmentsPath + "/{id}", Scopes: []string{"ticket_attachments:read", "tickets:read", zendesk.Read}, Roles: agents, Serve: s.showAttachment},
	}
}

// upload takes a file, as it is, under the name in the query. Its answer is JSON
// that says it is plain text, as Zendesk's was recorded to, unless the client asks
// for JSON by name: those that do read nothing else.
func (s *Server) upload(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	query := req.URL.Query()
	name := query.Get("filename")
	switch {
	case strings.TrimSpace(name) == "":
		return apihttp.Response{}, zendesk.ParameterMissing("filename")
	case len(name) > nameMost:
		return apihttp.Response{}, zendesk.RecordInvalid{"filename": {{Description: "Filename: is too long", Error: zendesk.InvalidValue}}}
	case req.ContentLength > desk.UploadMost:
		return apihttp.Response{}, desk.ErrTooLarge // before any of it is read
	}
	u, err := s.Desk.Upload(ctx, req.Caller, desk.Incoming{
		Name: name, Type: mediaType(req.Header.Get("Content-Type"), name),
		Body: body{req.Stream(uploadPatience)}, Token: secret.Of(query.Get("token")),
	})
	if err != nil {
		return apihttp.Response{}, err
	}
	all := attachments(req.Base, u.Attachments)
	newest := all[len(all)-1]
	response := created(newest.URL, zendesk.UploadEnvelope{Upload: zendesk.Upload{
		Token: u.Token.Reveal(), ExpiresAt: zendesk.TimeOf(u.Expires), Attachments: all, Attachment: newest,
	}})
	if !strings.Contains(req.Header.Get("Accept"), "application/json") {
		response.Header.Set("Content-Type", "text/plain; charset=utf-8")
	}
	return forAnyOrigin(response), nil
}

// body tells an error of reading from those of writing the file.
type body struct{ io.Reader }

func (b body) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err != nil && err != io.EOF {
		err = &brokenBody{err}
	}
	return n, err
}

// brokenBody says that a request ended before its body did.
type brokenBody struct{ err error }

func (e *brokenBody) Error() string { return "the body broke off: " + e.err.Error() }
func (e *brokenBody) Unwrap() error { return e.err }

// knownTypes are what files are whose type nobody said. The machine's own list is
// not asked: it differs from one to the next.
var knownTypes = map[string]string{
	".csv": "text/csv", ".gif": "image/gif", ".gz": "application/gzip", ".html": "text/html", ".jpeg": "image/jpeg",
	".jpg": "image/jpeg", ".json": "application/json", ".log": "text/plain", ".md": "text/markdown", ".pdf": "application/pdf",
	".png": "image/png", ".txt": "text/plain", ".xml": "text/xml", ".zip": "application/zip",
}

// mediaType is what a client says its file is. "Some bytes" says nothing: then the
// name does.
func mediaType(said, name string) string {
	const bytes = "application/octet-stream"
	kind, _, err := mime.ParseMediaType(said)
	if err == nil && kind != bytes {
		return kind
	}
	if known := knownTypes[strings.ToLower(path.Ext(name))]; known != "" {
		return known
	}
	return bytes
}

func (s *Server) deleteUpload(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	if err := s.Desk.DeleteUpload(ctx, req.Caller, secret.Of(req.PathValue("token"))); err != nil {
		return apihttp.Response{}, err
	}
	return apihttp.Response{Status: http.StatusNoContent}, nil
}

func (s *Server) showAttachment(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	id, err := req.ID("id")
	if err != nil {
		return apihttp.Response{}, err
	}
	a, err := s.Desk.Attachment(ctx, req.Caller, id)
	if err != nil {
		return apihttp.Response{}, err
	}
	return apihttp.Response{Body: zendesk.AttachmentEnvelope{Attachment: attachment(req.Base, a)}}, nil
}
