package broker

import (
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// What kinds of file a pass takes, and what files are called.

var (
	extension = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(\.[a-z0-9_-]{1,16}){1,3}$`) })

	// pictures are the kinds of image that can be told by their first bytes, with the
	// ends of their names. SVG is none of them: it is a document that may hold scripts.
	pictures = map[string][]string{
		"image/png": {".png"}, "image/jpeg": {".jpg", ".jpeg"}, "image/gif": {".gif"},
		"image/webp": {".webp"}, "image/bmp": {".bmp"},
	}

	// known are types that Zendesk is told; of all others, that they are bytes.
	known = map[string]string{
		".txt": "text/plain", ".log": "text/plain", ".csv": "text/csv", ".json": "application/json",
		".pdf": "application/pdf", ".zip": "application/zip", ".gz": "application/gzip",
	}
)

const anyPicture = "image/*"

// ReadTypes reads a list of types. The error is *Invalid.
func ReadTypes(list []string) ([]string, error) {
	var all []string
	for _, one := range list {
		one = strings.ToLower(strings.TrimSpace(one))
		if _, picture := pictures[one]; !picture && one != anyPicture && !extension().MatchString(one) {
			return nil, &Invalid{"types", "each is the end of a name such as .log, or image/*, image/png, image/jpeg, image/gif, image/webp, image/bmp"}
		}
		if !slices.Contains(all, one) {
			all = append(all, one)
		}
	}
	if len(all) > passTypeMost {
		return nil, &Invalid{"types", "there are more than 32"}
	}
	return all, nil
}

// pictureOf is the kind of image that a file is by its name, and "" for another file.
func pictureOf(name string) string {
	end := strings.ToLower(path.Ext(name))
	for kind, ends := range pictures {
		if slices.Contains(ends, end) {
			return kind
		}
	}
	return ""
}

// typesTake decides whether a file is of one of the types. What says it is an image has
// to be one by its content, and an image has to have an image's name: a page that
// begins like one is none.
func typesTake(types []string, f Incoming) bool {
	if len(types) == 0 {
		return true
	}
	named := pictureOf(f.Name)
	if named != "" && http.DetectContentType(f.Head) != named {
		return false
	}
	name := strings.ToLower(f.Name)
	return slices.ContainsFunc(types, func(t string) bool {
		if strings.HasPrefix(t, ".") {
			return strings.HasSuffix(name, t) && len(name) > len(t)
		}
		return named != "" && (t == anyPicture || t == named)
	})
}

// contentType is what Zendesk is told that a file is. What a browser would run is not
// told apart from other bytes.
func contentType(f Incoming) string {
	if named := pictureOf(f.Name); named != "" && http.DetectContentType(f.Head) == named {
		return named
	}
	if kind := known[strings.ToLower(path.Ext(f.Name))]; kind != "" {
		return kind
	}
	return "application/octet-stream"
}

// fileNameMost bounds a file's name, in bytes.
const fileNameMost = 120

// CleanFileName is a name without a path, without characters that control a terminal
// or turn the direction of writing, and not too long. It is never empty.
func CleanFileName(name string) string {
	if at := strings.LastIndexAny(name, `/\`); at >= 0 {
		name = name[at+1:]
	}
	name = withoutEnd(strings.TrimSpace(readable(name, "")))
	if len(name) > fileNameMost { // its end says what it is
		end := path.Ext(name)
		if len(end) > 20 {
			end = ""
		}
		name = withoutEnd(clipped(name[:len(name)-len(end)], fileNameMost-len(end))) + end
	}
	if name == "" {
		return "file"
	}
	return name
}

// withoutEnd is a name without the dots and spaces at its end, which Windows drops.
func withoutEnd(name string) string {
	return strings.TrimRightFunc(name, func(r rune) bool { return r == '.' || unicode.IsSpace(r) })
}

// readable drops what is no text: control characters but those named, and those that
// are not seen and may turn the direction of what follows (Unicode's Cf).
func readable(text, but string) string {
	text = strings.ToValidUTF8(text, "�")
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(but, r) {
			return r
		}
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029' {
			return -1
		}
		return r
	}, text)
}

// clipped is a text of at most so many bytes, cut between characters.
func clipped(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}
