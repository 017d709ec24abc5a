package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/deskauth/deskauth/internal/testlog"
)

// record makes what a test run leaves behind.
func record(t *testing.T, issued []string, log, output string) (dir, printed string) {
	t.Helper()
	dir = t.TempDir()
	var list strings.Builder
	for _, v := range issued {
		fmt.Fprintf(&list, "%q\tTestOf\n", v)
	}
	printed = filepath.Join(dir, "output.txt")
	for path, text := range map[string]string{
		filepath.Join(dir, testlog.IssuedFile): list.String(),
		filepath.Join(dir, "issuer.1.log"):     log,
		printed:                                output,
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir, printed
}

func TestLeakcheck(t *testing.T) {
	const token = "0123456789abcdef0123456789abcdef"
	for _, tt := range []struct {
		name        string
		issued      []string
		log, output string
		want        string // part of the error; "" for none
		shown       string // part of what is printed
	}{
		{"clean", []string{token}, "status=200\nstatus=400\n", "ok\n", "", "none of 1 issued secrets"},
		{"in a log", []string{token}, "fine\ntoken=" + token + "x\n", "ok\n", "1 lines hold", "issuer.1.log:2: holds a secret that was issued in TestOf"},
		{"in the output", []string{token}, "fine\nfine\n", "FAIL got " + token, "1 lines hold", "output.txt:1:"},
		{"nothing issued", nil, "fine\nfine\n", "ok\n", "only 0 secrets", ""},
		{"nothing logged", []string{token}, "", "ok\n", "only 0 lines", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir, printed := record(t, tt.issued, tt.log, tt.output)
			var said strings.Builder
			err := run([]string{"-secrets", "1", "-lines", "2", dir, printed}, &said)
			if got := fmt.Sprint(err); tt.want == "" && err != nil || !strings.Contains(got, tt.want) {
				t.Errorf("error %q, want %q in it", got, tt.want)
			}
			if !strings.Contains(said.String(), tt.shown) {
				t.Errorf("printed %q, want %q in it", said.String(), tt.shown)
			}
			if strings.Contains(said.String()+fmt.Sprint(err), token) {
				t.Error("the secret itself was printed")
			}
		})
	}
}

func TestLeakcheckWithoutARun(t *testing.T) {
	for _, args := range [][]string{{}, {t.TempDir(), "output.txt"}, {"-secrets", "x", "a", "b"}} {
		if err := run(args, io.Discard); err == nil {
			t.Errorf("leakcheck %q said that all is well", args)
		}
	}
}
