package apidoc

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"sync"
	"time"
)

// Path is where an issuer serves its description, and a demo's controls theirs.
const Path = "/openapi.yaml"

// The parts of a directory are one document cut into pages, in the order of their
// names; each by itself is none.
//
//go:embed openapi/*.yaml control/*.yaml
var parts embed.FS

// description is a document with its tag, made for whoever asks first.
type description struct {
	document func() []byte
	tag      func() string
}

func describe(dir string) description {
	document := sync.OnceValue(func() []byte { return join(parts, dir) })
	return description{document, sync.OnceValue(func() string { return etag(document()) })}
}

var (
	issuer  = describe("openapi")
	control = describe("control")
)

// Document returns the description of the issuer, as YAML.
func Document() []byte { return bytes.Clone(issuer.document()) }

// Control returns the description of a demo's controls, as YAML.
func Control() []byte { return bytes.Clone(control.document()) }

func join(parts embed.FS, dir string) []byte {
	entries, err := parts.ReadDir(dir) // sorted by name
	if err != nil {
		panic(err) // what is embedded can be read
	}
	var all []byte
	for _, e := range entries {
		part, err := parts.ReadFile(dir + "/" + e.Name())
		if err != nil {
			panic(err)
		}
		all = append(all, part...)
	}
	return all
}

func etag(content []byte) string {
	sum := sha256.Sum256(content)
	return `"` + hex.EncodeToString(sum[:8]) + `"`
}

// Serve answers with the description of the issuer. It is the same for all, so that
// a page of any origin may show it.
func Serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	issuer.serve(w, r)
}

// ServeControl answers with the description of the controls, which are for programs
// of the same machine.
func ServeControl(w http.ResponseWriter, r *http.Request) { control.serve(w, r) }

// serve answers with the document. It changes with the binary alone, so that a cache
// asks by its ETag.
func (d description) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "application/yaml") // RFC 9512
	h.Set("Cache-Control", "public, no-cache")
	h.Set("ETag", d.tag())
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(d.document()))
}
