package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"
)

//go:embed static/*
var staticFiles embed.FS

// assets are read for the first page, as languages are.
var assets = sync.OnceValue(func() *assetSet { return must(loadAssets(staticFiles)) })

// assetSet is the static files under names that hold a hash of their content, so
// that a browser may keep them for ever and a new binary is seen at once.
type assetSet struct {
	hashed  map[string]string // name → hashed name
	content map[string][]byte // hashed name → content
}

// loadAssets reads static/. Style sheets come last, because what they refer to by
// url("name") is replaced by its hashed name before they are hashed themselves.
func loadAssets(files fs.FS) (*assetSet, error) {
	names, err := fs.Glob(files, "static/*")
	if err != nil {
		return nil, err
	}
	set := &assetSet{hashed: map[string]string{}, content: map[string][]byte{}}
	var sheets []string
	for _, name := range names {
		if path.Ext(name) == ".css" {
			sheets = append(sheets, name)
			continue
		}
		if err := set.add(files, name, nil); err != nil {
			return nil, err
		}
	}
	var references []string
	for name, hashed := range set.hashed {
		references = append(references, `url("`+name+`")`, `url("`+hashed+`")`)
	}
	for _, name := range sheets {
		if err := set.add(files, name, strings.NewReplacer(references...)); err != nil {
			return nil, err
		}
	}
	return set, nil
}

func (s *assetSet) add(files fs.FS, file string, rewrite *strings.Replacer) error {
	content, err := fs.ReadFile(files, file)
	if err != nil {
		return err
	}
	if rewrite != nil {
		content = []byte(rewrite.Replace(string(content)))
	}
	sum := sha256.Sum256(content)
	name, ext := path.Base(file), path.Ext(file)
	hashed := strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:6]) + ext
	s.hashed[name], s.content[hashed] = hashed, content
	return nil
}

// url is the path of a static file, or of the name itself when there is none, which
// a test finds.
func (s *assetSet) url(name string) string {
	if hashed, ok := s.hashed[name]; ok {
		return "/static/" + hashed
	}
	return "/static/" + name
}

// Static serves the style sheet and the images of the pages at /static/. It looks
// at the last element of the path alone, so that it can be mounted below a prefix.
func Static() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := path.Base(r.URL.Path)
		content, ok := assets().content[name]
		if !ok {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Type", contentType(name))
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
	})
}

// contentType does not ask the machine's own table for the types there are.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return mime.TypeByExtension(path.Ext(name))
}
