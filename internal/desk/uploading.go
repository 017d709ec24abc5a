package desk

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"os"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/secret"
)

// Incoming is a file on its way in.
type Incoming struct {
	Name, Type string
	Body       io.Reader
	Token      secret.Plain // of the upload to add it to; zero: a new one
}

// Upload keeps a file for a comment to come, and returns the upload with all of
// its files, the new one last. It returns ErrTooLarge, and ErrNotFound for a token
// that is not the caller's. An error of reading the body comes back as it is.
func (d *Desk) Upload(ctx context.Context, c issuer.Caller, in Incoming) (Upload, error) {
	a, by := caller(c)
	now := d.now()
	u := Upload{Account: a, User: by.ID, Token: in.Token, Created: now, Expires: now.Add(UploadLife)}
	if in.Token.IsZero() {
		u.Token = secret.Code(d.Rand)
		u.Digest = u.Token.Digest()
	} else {
		var err error
		if u, err = d.ownUpload(ctx, c, in.Token); err != nil {
			return Upload{}, err
		}
		u.Token = in.Token
	}
	file := Attachment{
		Account: a, User: by.ID, Token: secret.Code(d.Rand).Reveal(), File: rand.Text(),
		Name: clean(in.Name), Type: clean(in.Type), Created: now,
	}
	// The file's name is nobody's business, and no seed's: another run's files may
	// still be there.
	var err error
	if file.Size, err = d.Files.keep(file.File, in.Body, UploadMost); err != nil {
		return Upload{}, err
	}
	if u, err = d.addTo(ctx, u, d.Files.measured(file)); err != nil {
		return Upload{}, errors.Join(err, d.Files.remove(file.File))
	}
	return u, nil
}

func (d *Desk) addTo(ctx context.Context, u Upload, file Attachment) (Upload, error) {
	if u.ID == 0 {
		return d.Store.AddUpload(ctx, u, file)
	}
	file, err := d.Store.ExtendUpload(ctx, u, file)
	if errors.Is(err, ErrConflict) {
		return u, ErrNotFound // it was attached or deleted meanwhile
	}
	u.Attachments = append(u.Attachments, file)
	return u, err
}

// ownUpload returns an upload of the caller's.
func (d *Desk) ownUpload(ctx context.Context, c issuer.Caller, token secret.Plain) (Upload, error) {
	a, by := caller(c)
	u, err := d.Store.Upload(ctx, a, token.Digest())
	if err == nil && (u.User != by.ID || !u.IsOpen(d.now())) {
		err = ErrNotFound
	}
	return u, err
}

// DeleteUpload deletes an upload of the caller's that no comment has yet.
func (d *Desk) DeleteUpload(ctx context.Context, c issuer.Caller, token secret.Plain) error {
	u, err := d.ownUpload(ctx, c, token)
	if err != nil {
		return err
	}
	if err = d.Store.DeleteUpload(ctx, u); errors.Is(err, ErrConflict) {
		return ErrNotFound
	}
	return err
}

// Attachment returns what is known of a file, to those who work on tickets.
func (d *Desk) Attachment(ctx context.Context, c issuer.Caller, id int64) (Attachment, error) {
	a, by := caller(c)
	if !by.Agent {
		return Attachment{}, ErrForbidden
	}
	return d.Store.Attachment(ctx, a, id)
}

// Content returns a file to whoever knows its token: its address is the key, as
// at Zendesk, where accounts do not make attachments private. The caller closes it.
func (d *Desk) Content(ctx context.Context, a AccountID, token string) (Attachment, *os.File, error) {
	found, err := d.Store.AttachmentByToken(ctx, a, clean(token))
	if err != nil {
		return Attachment{}, nil, err
	}
	file, err := d.Files.open(found.File)
	return found, file, err
}

// Prune ends up to limit uploads that expired, and removes up to limit files that
// nothing needs any more. It returns how many of both.
//
// The file goes before its row: what breaks off between is begun anew.
func (d *Desk) Prune(ctx context.Context, limit int) (int, error) {
	n, err := d.Store.ExpireUploads(ctx, d.now(), limit)
	if err != nil {
		return 0, err
	}
	forsaken, err := d.Store.Forsaken(ctx, limit)
	if err != nil {
		return n, err
	}
	for _, a := range forsaken {
		if err := d.Files.remove(a.File); err != nil {
			return n, err
		}
		if err := d.Store.Forget(ctx, a); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
