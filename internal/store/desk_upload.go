package store

import (
	"context"
	"time"

	"github.com/deskauth/deskauth/internal/desk"
	"github.com/deskauth/deskauth/internal/secret"
)

const attachmentColumns = `f.id, f.account_id, f.user_id, f.token, f.file, f.file_name, f.content_type, f.size, f.created_at, f.width, f.height`

func scanAttachment(row scanner) (a desk.Attachment, err error) {
	var created int64
	err = row.Scan(&a.ID, &a.Account, &a.User, &a.Token, &a.File, &a.Name, &a.Type, &a.Size, &created, &a.Width, &a.Height)
	a.Created = fromMicros(created)
	return a, err
}

func (s deskStore) Upload(ctx context.Context, a desk.AccountID, token secret.Digest) (desk.Upload, error) {
	u := desk.Upload{Account: a, Digest: token}
	var created, expires int64
	err := s.db.reads.QueryRowContext(ctx,
		`SELECT id, user_id, created_at, expires_at FROM desk_uploads WHERE account_id = $1 AND digest = $2`,
		a, token.Bytes()).Scan(&u.ID, &u.User, &created, &expires)
	if err != nil {
		return desk.Upload{}, found(err, desk.ErrNotFound)
	}
	u.Created, u.Expires = fromMicros(created), fromMicros(expires)
	rows, err := s.db.reads.QueryContext(ctx,
		`SELECT `+attachmentColumns+` FROM desk_attachments f WHERE f.upload_id = $1 ORDER BY f.id`, u.ID)
	u.Attachments, err = collect(rows, err, scanAttachment)
	return u, err
}

func (s deskStore) AddUpload(ctx context.Context, u desk.Upload, file desk.Attachment) (desk.Upload, error) {
	err := s.db.step(ctx, func(ctx context.Context, t *tx) (err error) {
		if err := t.QueryRowContext(ctx, `
			INSERT INTO desk_uploads (account_id, digest, user_id, created_at, expires_at)
			VALUES ($1, $2, $3, $4, $5) RETURNING id`,
			u.Account, u.Digest.Bytes(), u.User, micros(u.Created), micros(u.Expires)).Scan(&u.ID); err != nil {
			return err
		}
		file, err = addAttachment(ctx, t, u, file)
		return err
	})
	u.Attachments = []desk.Attachment{file}
	return u, err
}

func (s deskStore) ExtendUpload(ctx context.Context, u desk.Upload, file desk.Attachment) (desk.Attachment, error) {
	err := s.db.step(ctx, func(ctx context.Context, t *tx) (err error) {
		if err := holdUpload(ctx, t, u); err != nil {
			return err
		}
		file, err = addAttachment(ctx, t, u, file)
		return err
	})
	return file, err
}

// holdUpload keeps others from an upload until the step ends, on PostgreSQL too;
// there everybody takes the upload before its files, so that nobody waits in a ring.
func holdUpload(ctx context.Context, t *tx, u desk.Upload) error {
	return t.swap(ctx, desk.ErrConflict,
		`UPDATE desk_uploads SET expires_at = expires_at WHERE account_id = $1 AND id = $2`, u.Account, u.ID)
}

func addAttachment(ctx context.Context, t *tx, u desk.Upload, a desk.Attachment) (desk.Attachment, error) {
	err := t.QueryRowContext(ctx, `
		INSERT INTO desk_attachments (account_id, upload_id, user_id, token, file, file_name, content_type, size, created_at, width, height)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id`,
		a.Account, u.ID, a.User, a.Token, a.File, a.Name, a.Type, a.Size, micros(a.Created), a.Width, a.Height).Scan(&a.ID)
	return a, err
}

// spend gives the files of uploads to the comment of an audit, and ends the
// uploads. A file that was added after the uploads were read goes with them.
func spend(ctx context.Context, t *tx, a desk.Audit, spent []desk.Upload) error {
	if len(spent) == 0 {
		return nil
	}
	var comment int64
	for _, e := range a.Events {
		if e.Comment != nil {
			comment = e.ID
		}
	}
	for _, u := range spent {
		if err := holdUpload(ctx, t, u); err != nil {
			return err
		}
		if _, err := t.ExecContext(ctx,
			`UPDATE desk_attachments SET upload_id = NULL, comment_id = $1 WHERE upload_id = $2`, comment, u.ID); err != nil {
			return err
		}
		if err := deleteUpload(ctx, t, u); err != nil {
			return err
		}
	}
	return nil
}

func deleteUpload(ctx context.Context, t *tx, u desk.Upload) error {
	return t.swap(ctx, desk.ErrConflict, `DELETE FROM desk_uploads WHERE account_id = $1 AND id = $2`, u.Account, u.ID)
}

func (s deskStore) DeleteUpload(ctx context.Context, u desk.Upload) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error { return deleteUpload(ctx, t, u) })
}

func (s deskStore) Attachment(ctx context.Context, a desk.AccountID, id int64) (desk.Attachment, error) {
	v, err := scanAttachment(s.db.reads.QueryRowContext(ctx,
		`SELECT `+attachmentColumns+` FROM desk_attachments f WHERE f.account_id = $1 AND f.id = $2`+kept, a, id))
	return v, found(err, desk.ErrNotFound)
}

func (s deskStore) AttachmentByToken(ctx context.Context, a desk.AccountID, token string) (desk.Attachment, error) {
	v, err := scanAttachment(s.db.reads.QueryRowContext(ctx,
		`SELECT `+attachmentColumns+` FROM desk_attachments f WHERE f.account_id = $1 AND f.token = $2`+kept, a, token))
	return v, found(err, desk.ErrNotFound)
}

// A forsaken attachment is gone for everybody but the one who removes its file.
const (
	kept     = ` AND (f.upload_id IS NOT NULL OR f.comment_id IS NOT NULL)`
	forsaken = `f.upload_id IS NULL AND f.comment_id IS NULL`
)

func (s deskStore) ExpireUploads(ctx context.Context, before time.Time, limit int) (deleted int, err error) {
	err = s.db.step(ctx, func(ctx context.Context, t *tx) error {
		result, err := t.ExecContext(ctx,
			`DELETE FROM desk_uploads WHERE id IN (SELECT id FROM desk_uploads WHERE expires_at <= $1 LIMIT $2)`, micros(before), limit)
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		deleted = int(n)
		return err
	})
	return deleted, err
}

func (s deskStore) Forsaken(ctx context.Context, limit int) ([]desk.Attachment, error) {
	rows, err := s.db.reads.QueryContext(ctx,
		`SELECT `+attachmentColumns+` FROM desk_attachments f WHERE `+forsaken+` LIMIT $1`, limit)
	return collect(rows, err, scanAttachment)
}

func (s deskStore) Forget(ctx context.Context, a desk.Attachment) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		_, err := t.ExecContext(ctx,
			`DELETE FROM desk_attachments WHERE account_id = $1 AND id = $2 AND upload_id IS NULL AND comment_id IS NULL`, a.Account, a.ID)
		return err
	})
}
