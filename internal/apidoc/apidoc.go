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

// Path is where an issuer serves its description.
const Path = "/openapi.yaml"

// The parts are one document cut into pages, in the order of their names; each by
// itself is none.
//
//go:embed openapi/*.yaml
var parts embed.FS

// document and tag are made for whoever asks first.
var (
	document = sync.OnceValue(func() []byte { return join(parts) })
	tag      = sync.OnceValue(func() string { return etag(document()) })
)

// Document returns the description, as YAML.
func Document() []byte { return bytes.Clone(document()) }

func join(parts embed.FS) []byte {
	const dir = "openapi"
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

// Serve answers with the description. It changes with the binary alone, so that a
// cache asks by its ETag; and it is the same for all, so that a page of any origin
// may show it.
func Serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "application/yaml") // RFC 9512
	h.Set("Cache-Control", "public, no-cache")
	h.Set("ETag", tag())
	h.Set("Access-Control-Allow-Origin", "*")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(document()))
}
