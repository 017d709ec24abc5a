package brokerhttp

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/deskauth/deskauth/internal/web"
)

// Lists as files: all that a filter lets through, for spreadsheets and for programs.
// They are read and sent in steps, so that a long list needs no memory.

// fileStep is how many records are read in one go for a file.
const fileStep = 500

// fileWait is how long a reader of the file may take over each of those.
const fileWait = 30 * time.Second

// reading gives the records behind the last that was read (nil: the first of them), and
// tells whether there are more.
type reading[T any] func(last *T) ([]T, bool, error)

// sendCSV sends a list as a file for spreadsheets, in which no cell is a formula
// (RFC 4180).
func sendCSV[T any](s *site, w http.ResponseWriter, v visit, name string, read reading[T], heads []string, cells func(T) ([]string, error)) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	one := func(record T, _ bool) error {
		line, err := cells(record)
		if err != nil {
			return err
		}
		return out.Write(web.Cells(line...))
	}
	begin := func() error { return out.Write(heads) }
	return sendFile(s, w, v, fileKind{name, "csv", "text/csv; charset=utf-8; header=present"}, read, begin, one, func() error { out.Flush(); return out.Error() })
}

// sendJSON sends a list as one object whose one member has the list's name.
func sendJSON[T any](s *site, w http.ResponseWriter, v visit, name string, read reading[T], as func(T) any) error {
	text := func(t string) error { _, err := io.WriteString(w, t); return err }
	one := func(record T, first bool) error {
		body, err := json.Marshal(as(record))
		if err != nil {
			return err
		}
		between := ",\n"
		if first {
			between = "\n"
		}
		return text(between + string(body))
	}
	begin := func() error { return text(`{"` + name + `":[`) }
	err := sendFile(s, w, v, fileKind{name, "json", "application/json"}, read, begin, one, func() error { return nil })
	if err != nil || v.Method == http.MethodHead {
		return err
	}
	return text("\n]}\n")
}

// fileKind is what a file is called, and of which kind it is.
type fileKind struct{ name, ending, media string }

func sendFile[T any](s *site, w http.ResponseWriter, v visit, kind fileKind, read reading[T], begin func() error, one func(record T, first bool) error, flush func() error) error {
	found, more, err := read(nil)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", kind.media)
	h.Set("Content-Disposition", `attachment; filename="`+kind.name+"-"+s.Broker.Now().UTC().Format(time.DateOnly)+`.`+kind.ending+`"`)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	if v.Method == http.MethodHead {
		return nil
	}
	slow := http.NewResponseController(w)
	defer func() { _ = slow.SetWriteDeadline(time.Time{}) }() // the browser's connection lives on
	err = begin()
	for first := true; err == nil; {
		_ = slow.SetWriteDeadline(time.Now().Add(fileWait)) // where it cannot be set, there is none to keep
		for _, record := range found {
			if err = one(record, first); err != nil {
				break
			}
			first = false
		}
		if err == nil {
			err = flush()
		}
		if err != nil || !more {
			break
		}
		found, more, err = read(&found[len(found)-1])
	}
	if err != nil {
		if v.Context().Err() == nil {
			s.Log.ErrorContext(v.Context(), "a file of "+kind.name+" was cut off", "error", err)
		}
		panic(http.ErrAbortHandler) // half a file must not look like a whole one
	}
	return nil
}

func number(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
