package intercept

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
)

// systemBundles is where systems keep the roots that they trust, as Go's own crypto/x509
// looks for them: Debian, Fedora, openSUSE, RHEL, Alpine and macOS.
var systemBundles = []string{
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/ca-bundle.pem",
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
	"/etc/ssl/cert.pem",
}

// systemBundle is the first of them that is there; "" where there is none, as on Windows.
func systemBundle() string {
	for _, path := range systemBundles {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path
		}
	}
	return ""
}

// joined is the file of roots at path, followed by our authority: the program trusts
// what it trusted before, too. No path means our authority alone.
func joined(path string, a *Authority) ([]byte, error) {
	if path == "" {
		return a.PEM(), nil
	}
	roots, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("the roots that programs trust: %w", err)
	}
	return append(append(bytes.TrimRight(roots, "\n"), '\n'), a.PEM()...), nil
}

// certificates are those of a file of roots. One that Go cannot parse is left out: the
// file is the system's, and the others are of use without it.
func certificates(bundle []byte) []*x509.Certificate {
	var all []*x509.Certificate
	for block, rest := pem.Decode(bundle); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		if c, err := x509.ParseCertificate(block.Bytes); err == nil {
			all = append(all, c)
		}
	}
	return all
}
