package issuer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"github.com/deskauth/deskauth/internal/logo"
)

// Logo is the picture of a client, a square PNG.
type Logo struct {
	Name string // from its content, so that it can be cached for ever; empty: none
	PNG  []byte // of one that is to be stored; others are read by Issuer.Logo
}

// logoNameBytes is how much of a digest names a logo: nobody makes two files of
// one name by chance, and whoever makes them on purpose fools their own account.
const logoNameBytes = 16

// draw makes the client's logo of a file. nil leaves it as it is, and an empty file
// takes it away.
func (c *Client) draw(ctx context.Context, file *[]byte, all *Invalids) error {
	if file == nil {
		return nil
	}
	if len(*file) == 0 {
		c.Logo = Logo{}
		return nil
	}
	png, err := logo.Square(ctx, *file)
	for _, known := range []error{logo.ErrFormat, logo.ErrBytes, logo.ErrPixels, logo.ErrBroken} {
		if errors.Is(err, known) {
			all.add("logo", NotAllowed, "%s", known)
			return nil
		}
	}
	if err != nil {
		return err
	}
	digest := sha256.Sum256(png)
	c.Logo = Logo{Name: hex.EncodeToString(digest[:logoNameBytes]), PNG: png}
	return nil
}

// Logo returns the picture of that name of a client of the account, or ErrNotFound.
func (i *Issuer) Logo(ctx context.Context, a Account, name string) ([]byte, error) {
	if decoded, err := hex.DecodeString(name); err != nil || len(decoded) != logoNameBytes {
		return nil, ErrNotFound
	}
	return i.Store.Logo(ctx, a.ID, name)
}
