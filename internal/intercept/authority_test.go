package intercept

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func newAuthority(t *testing.T, now time.Time) *Authority {
	t.Helper()
	a, err := NewAuthority(rand.Reader, now)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestLeafIsAcceptedForItsHost(t *testing.T) {
	a := newAuthority(t, noon)
	leaf, err := a.Leaf("ACME.zendesk.com.")
	if err != nil {
		t.Fatal(err)
	}
	cert := parse(t, leaf.Certificate[0])
	for name, want := range map[string]bool{"acme.zendesk.com": true, "globex.zendesk.com": false, "zendesk.com": false} {
		_, err := cert.Verify(x509.VerifyOptions{DNSName: name, Roots: pool(a), CurrentTime: noon})
		if (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	again, err := a.Leaf("acme.zendesk.com")
	if err != nil || again != leaf {
		t.Errorf("the second leaf is another one (%v)", err)
	}
	if _, err := cert.Verify(x509.VerifyOptions{DNSName: "acme.zendesk.com", Roots: pool(a), CurrentTime: noon.Add(Life + time.Minute)}); err == nil {
		t.Error("counts longer than the authority's life")
	}
}

func TestLeafIsForZendeskAlone(t *testing.T) {
	a := newAuthority(t, noon)
	for _, host := range []string{"example.com", "zendesk.com.example", "notzendesk.com", "", "127.0.0.1"} {
		if _, err := a.Leaf(host); err == nil {
			t.Errorf("made a certificate for %q", host)
		}
	}
}

// TestAuthorityCanVouchForNobodyElse signs, with the authority's key, what deskauth never
// would. Verifiers that others wrote must refuse it.
func TestAuthorityCanVouchForNobodyElse(t *testing.T) {
	a := newAuthority(t, time.Now())
	link, err := url.Parse("https://example.com/")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		template x509.Certificate
		want     bool
	}{
		"a name of Zendesk's": {x509.Certificate{DNSNames: []string{"acme.zendesk.com"}}, true},
		"another name":        {x509.Certificate{DNSNames: []string{"example.com"}}, false},
		"a name like it":      {x509.Certificate{DNSNames: []string{"notzendesk.com"}}, false},
		"one of each":         {x509.Certificate{DNSNames: []string{"acme.zendesk.com", "example.com"}}, false},
		"an address":          {x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}, false},
		"an IPv6 address":     {x509.Certificate{IPAddresses: []net.IP{net.IPv6loopback}}, false},
		"a mailbox":           {x509.Certificate{EmailAddresses: []string{"ada@acme.example"}}, false},
		"a mailbox there":     {x509.Certificate{EmailAddresses: []string{"ada@acme.zendesk.com"}}, false},
		"a link":              {x509.Certificate{URIs: []*url.URL{link}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			template := c.template
			template.SerialNumber, err = newSerial(rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			template.NotBefore, template.NotAfter = a.cert.NotBefore, a.cert.NotAfter
			template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
			der, err := x509.CreateCertificate(rand.Reader, &template, a.cert, key.Public(), a.key)
			if err != nil {
				t.Fatal(err)
			}
			_, err = parse(t, der).Verify(x509.VerifyOptions{Roots: pool(a)})
			if (err == nil) != c.want {
				t.Errorf("Go: %v", err)
			}
			if out, err := openssl(t, a, der); (err == nil) != c.want {
				t.Errorf("OpenSSL: %v: %s", err, out)
			}
		})
	}
}

func openssl(t *testing.T, a *Authority, der []byte) (string, error) {
	t.Helper()
	dir := t.TempDir()
	root, leaf := filepath.Join(dir, "root.pem"), filepath.Join(dir, "leaf.pem")
	write(t, root, a.PEM())
	write(t, leaf, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	out, err := exec.CommandContext(t.Context(), "openssl", "verify", "-CAfile", root, leaf).CombinedOutput()
	return string(out), err
}

func TestConstraintsAreCritical(t *testing.T) {
	for _, e := range newAuthority(t, noon).cert.Extensions {
		if e.Id.String() == "2.5.29.30" {
			if !e.Critical {
				t.Error("name constraints are not critical")
			}
			return
		}
	}
	t.Error("there are no name constraints")
}

func TestAuthorityIsKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ca")
	if _, err := OpenAuthority(dir, rand.Reader, noon); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("before: %v", err)
	}
	a := newAuthority(t, noon)
	for range 2 { // over itself, too
		if err := a.Keep(dir); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := os.Stat(filepath.Join(dir, keyFile)); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("key file: %v %v", info, err)
	}
	again, err := OpenAuthority(dir, rand.Reader, noon.Add(Life))
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := again.Leaf("acme.zendesk.com")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parse(t, leaf.Certificate[0]).Verify(x509.VerifyOptions{Roots: pool(a), CurrentTime: noon}); err != nil {
		t.Errorf("what the one that was read signs: %v", err)
	}
	if _, err := OpenAuthority(dir, rand.Reader, noon.Add(Life+time.Second)); err == nil || !strings.Contains(err.Error(), "ca init") {
		t.Errorf("after its life: %v", err)
	}
	if err := newAuthority(t, noon).Keep(filepath.Join(dir, "other")); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "other", keyFile), filepath.Join(dir, keyFile)); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenAuthority(dir, rand.Reader, noon); err == nil {
		t.Error("took the key of another authority")
	}
	if err := Discard(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadCertificate(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after Discard: %v", err)
	}
}

func pool(a *Authority) *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.Certificate())
	return p
}

func parse(t *testing.T, der []byte) *x509.Certificate {
	t.Helper()
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
