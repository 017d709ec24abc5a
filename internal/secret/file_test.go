package secret

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFromFile(t *testing.T) {
	for _, tt := range []struct{ name, content, want, fails string }{
		{name: "bare", content: "s3cret", want: "s3cret"},
		{name: "newline", content: "s3cret\n", want: "s3cret"},
		{name: "windows newline", content: "s3cret\r\n", want: "s3cret"},
		{name: "only one newline goes", content: "s3cret\n\n", want: "s3cret\n"},
		{name: "spaces stay", content: " s3 cret \n", want: " s3 cret "},
		{name: "lone carriage return stays", content: "s3cret\r", want: "s3cret\r"},
		{name: "largest", content: strings.Repeat("s", maxFile), want: strings.Repeat("s", maxFile)},
		{name: "too large", content: strings.Repeat("s", maxFile+1), fails: "larger than 65536 bytes"},
		{name: "empty", content: "", fails: "empty"},
		{name: "only a newline", content: "\n", fails: "empty"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "secret")
			if err := os.WriteFile(path, []byte(tt.content), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := FromFile(path)
			if tt.fails != "" {
				checkLine(t, err, path, tt.fails)
				return
			}
			if err != nil || got.Reveal() != tt.want {
				t.Errorf("got %q, %v; want %q", got.Reveal(), err, tt.want)
			}
		})
	}
}

func TestFromFileThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	_, err := FromFile(dir)
	checkLine(t, err, dir, "directory")

	missing := filepath.Join(dir, "none")
	_, err = FromFile(missing)
	checkLine(t, err, missing, "no such file")
}

func checkLine(t *testing.T, err error, path, words string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error; want one with %q", words)
	}
	msg := err.Error()
	if strings.Count(msg, path) != 1 || !strings.Contains(msg, words) || strings.Contains(msg, "\n") {
		t.Errorf("error %q: want one line with the path once and %q", msg, words)
	}
}
