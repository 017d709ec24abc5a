package brokerhttp

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the description
	"encoding/hex"
	"net/http"
	"sync"
	"time"
)

// descriptionPath is where a broker describes its API.
const descriptionPath = "/openapi.yaml"

// description is the API in OpenAPI 3.1. Every exchange of the tests is held against
// it.
//
//go:embed openapi.yaml
var description []byte

// Description returns the description of the API, as YAML.
func Description() []byte { return bytes.Clone(description) }

var descriptionTag = sync.OnceValue(func() string {
	sum := sha256.Sum256(description)
	return `"` + hex.EncodeToString(sum[:8]) + `"`
})

// describe needs no key: what it says is in the source.
func describe(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		writeProblem(w, r, problem{Type: "method_not_allowed", Title: "The path does not take this method", Status: http.StatusMethodNotAllowed, Detail: "it takes GET, HEAD"})
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/yaml") // RFC 9512
	h.Set("Cache-Control", "public, no-cache")
	h.Set("ETag", descriptionTag())
	h.Set("Access-Control-Allow-Origin", "*")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(description))
}
