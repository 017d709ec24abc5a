//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestAuthorityForABrowser(t *testing.T) {
	alone(t)
	env := map[string]string{"XDG_STATE_HOME": t.TempDir()}
	profile := filepath.Join(t.TempDir(), "profile")
	ca := func(want int, contains string, args ...string) string {
		t.Helper()
		code, out, errs := at(t, env, append([]string{"ca"}, args...)...)
		if code != want || !strings.Contains(out+errs, contains) {
			t.Fatalf("ca %q: code %d, want %d; said %q, want %q in it", args, code, want, out+errs, contains)
		}
		return out
	}
	ca(1, "ca init", "path")
	ca(1, "ca init", "trust", "--profile", profile)
	ca(0, "zendesk.com alone", "init")
	path := strings.TrimSpace(ca(0, "", "path"))
	first := content(t, path)
	ca(0, "stays", "init")
	if content(t, path) != first {
		t.Error("init made another authority while the first counted")
	}
	ca(2, "--system", "trust")
	ca(2, "--system", "trust", "--system", "--profile", profile)

	ca(0, "trusts", "trust", "--profile", profile)
	ca(0, "trusts", "trust", "--profile", profile) // again does no harm
	if trust := nss(t, profile); !strings.Contains(trust, caName) || !strings.Contains(trust, "C,,") {
		t.Errorf("the profile's store: %s", trust)
	}
	// The authority that was kept is the one that vouches.
	code, out, errs := at(t, env, "run", "--kept-ca", "--", "sh", "-c",
		`curl -sS --cacert "`+path+`" -o /dev/null -w '%{http_code}' https://nobody.zendesk.com/`)
	if code != 0 || out != "404" {
		t.Errorf("run --kept-ca: code %d, %q %s", code, out, errs)
	}

	ca(0, profile, "remove")
	if trust := nss(t, profile); strings.Contains(trust, caName) {
		t.Errorf("still in the profile's store: %s", trust)
	}
	if _, err := os.Stat(filepath.Dir(path)); !os.IsNotExist(err) {
		t.Errorf("the directory is left: %v", err)
	}
	ca(0, "", "remove") // again does no harm
}

func TestSystemStoreWantsATypedYes(t *testing.T) {
	for typed, want := range map[string]bool{"yes\n": true, "yes": true, " yes \n": true, "y\n": false, "YES\n": false, "\n": false, "": false, "no\nyes\n": false} {
		var said strings.Builder
		if err := confirmed(strings.NewReader(typed), &said); (err == nil) != want {
			t.Errorf("%q: %v", typed, err)
		}
		if !strings.Contains(said.String(), "Every program") {
			t.Errorf("does not say what it is about: %q", said.String())
		}
	}
}

func nss(t *testing.T, profile string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "certutil", "-L", "-d", "sql:"+profile).CombinedOutput()
	if err != nil {
		t.Fatalf("certutil: %v %s", err, out)
	}
	return string(out)
}

func content(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
