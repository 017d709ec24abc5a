package seal

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzOpen: nothing opens but what was sealed, and only in its place.
func FuzzOpen(f *testing.F) {
	ring, err := OpenFile(filepath.Join(f.TempDir(), "keys.json"))
	if err != nil {
		f.Fatal(err)
	}
	sealed, err := ring.Seal([]byte("a token"), "row/1")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed, "row/1")
	f.Add(sealed, "row/2")
	f.Add(sealed[:5], "row/1")
	f.Add([]byte{}, "")
	f.Fuzz(func(t *testing.T, data []byte, boundTo string) {
		plain, err := ring.Open(data, boundTo)
		switch {
		case err == nil && (!bytes.Equal(data, sealed) || boundTo != "row/1" || string(plain) != "a token"):
			t.Fatalf("something opened in %q: %q", boundTo, plain)
		case err != nil && (!errors.Is(err, ErrSealed) || len(plain) > 0):
			t.Fatalf("%v, and %q", err, plain)
		}
	})
}

// FuzzKeyFile: a file that is damaged is refused, without a word of what it holds.
func FuzzKeyFile(f *testing.F) {
	path := filepath.Join(f.TempDir(), "keys.json")
	if _, err := OpenFile(path); err != nil {
		f.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add([]byte(`{"primaryKeyId":1,"key":[]}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, content []byte) {
		ring, err := decode("keys.json", content)
		if err == nil {
			sealed, err := ring.Seal([]byte("x"), "place")
			if err != nil {
				t.Fatalf("the ring was read, and cannot seal: %v", err)
			}
			if plain, err := ring.Open(sealed, "place"); err != nil || string(plain) != "x" {
				t.Fatalf("the ring does not open what it sealed: %v", err)
			}
			return
		}
		if text := string(content); len(text) > 40 && strings.Contains(err.Error(), text[len(text)/2-10:len(text)/2+10]) {
			t.Fatalf("the error holds a part of the file: %v", err)
		}
	})
}
