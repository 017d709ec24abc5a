package intercept

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// The files of an authority that is kept, in its directory.
const (
	certFile = "deskauth-ca.pem"
	keyFile  = "deskauth-ca-key.pem"
)

// CertificatePath is where the certificate of an authority that is kept in dir stands.
func CertificatePath(dir string) string { return filepath.Join(dir, certFile) }

// Keep writes the authority to dir, over one that was there. The key is readable by its
// owner alone.
func (a *Authority) Keep(dir string) error {
	der, err := x509.MarshalPKCS8PrivateKey(a.key)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	key := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	// A file that is there would keep its mode.
	if err := os.Remove(filepath.Join(dir, keyFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, keyFile), key, 0o600); err != nil {
		return err
	}
	return os.WriteFile(CertificatePath(dir), a.PEM(), 0o644) //nolint:gosec // a certificate is public
}

// OpenAuthority reads an authority that Keep wrote. It fails with fs.ErrNotExist where
// there is none, and where its time is over.
func OpenAuthority(dir string, rand io.Reader, now time.Time) (*Authority, error) {
	cert, err := ReadCertificate(dir)
	if err != nil {
		return nil, err
	}
	block, err := readBlock(filepath.Join(dir, keyFile), "PRIVATE KEY")
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", keyFile, err)
	}
	key, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("%s: holds no key that signs", keyFile)
	}
	if public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool }); !ok || !public.Equal(cert.PublicKey) {
		return nil, fmt.Errorf("%s and %s do not belong together", certFile, keyFile)
	}
	if now.After(cert.NotAfter) {
		return nil, fmt.Errorf("the authority's time was over on %s: make another with `deskauth ca init`", cert.NotAfter.Format(time.DateOnly))
	}
	return &Authority{cert: cert, key: key, rand: rand}, nil
}

// ReadCertificate reads the certificate of an authority that is kept in dir, also one
// whose time is over.
func ReadCertificate(dir string) (*x509.Certificate, error) {
	block, err := readBlock(CertificatePath(dir), "CERTIFICATE")
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(block)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", certFile, err)
	}
	return cert, nil
}

// Discard removes what Keep wrote.
func Discard(dir string) error {
	for _, name := range []string{keyFile, certFile} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func readBlock(path, kind string) ([]byte, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(content)
	if block == nil || block.Type != kind {
		return nil, fmt.Errorf("%s: holds no %s in PEM", path, kind)
	}
	return block.Bytes, nil
}
