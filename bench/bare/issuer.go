package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"net/http"
	"time"

	_ "modernc.org/sqlite" // the "sqlite" driver
)

// row is what all tokens have in common.
type row struct{ account, client, user int64 }

// issuer writes the rows that the issuer writes, to the same tables.
type issuer struct {
	row
	secret [sha256.Size]byte
	reads  *sql.Stmt
	queue  chan *pending
}

// settings are the issuer's own: WAL, synced before the answer.
const settings = "?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)" +
	"&_pragma=foreign_keys(1)&_pragma=cache_size(-65536)"

func newIssuer(path, secret string, r row) (*issuer, error) {
	db, err := sql.Open("sqlite", "file:"+path+settings)
	if err != nil {
		return nil, err
	}
	i := &issuer{row: r, secret: sha256.Sum256([]byte(secret)), queue: make(chan *pending, 1024)}
	if i.reads, err = db.Prepare( //nolint:noctx // it lives as long as the process
		`SELECT id, family_id, generation, scope FROM issuer_tokens
		WHERE account_id = $1 AND product = 'support' AND refresh_digest = $2 AND ended_at IS NULL`); err != nil {
		return nil, err
	}
	w, err := newWriter(db, r)
	if err != nil {
		return nil, err
	}
	go w.run(i.queue)
	return i, nil
}

// pending is a token that waits to be written.
type pending struct {
	replaces, family, generation  int64
	scope                         string
	access, refresh               string // refresh: empty for none
	accessExpires, refreshExpires *int64
	accessDigest, refreshDigest   []byte
	now                           int64
	done                          chan error
}

// answer is a token endpoint's, with the members that the issuer sends.
type answer struct {
	Access         string `json:"access_token"`
	Type           string `json:"token_type"`
	Scope          string `json:"scope"`
	Expires        int64  `json:"expires_in,omitempty"`
	Refresh        string `json:"refresh_token,omitempty"`
	RefreshExpires int64  `json:"refresh_token_expires_in,omitempty"`
}

const (
	accessLife  = 30 * time.Minute
	refreshLife = 30 * 24 * time.Hour
)

func (i *issuer) tokens(w http.ResponseWriter, r *http.Request) {
	presented := sha256.Sum256([]byte(r.PostFormValue("client_secret")))
	if r.PostFormValue("client_id") == "" || subtle.ConstantTimeCompare(presented[:], i.secret[:]) != 1 {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	now := time.Now()
	p := &pending{now: now.UnixMicro(), done: make(chan error, 1), scope: "read", generation: 1}
	p.access, p.accessDigest = fresh()
	ends := now.Add(accessLife).UnixMicro()
	p.accessExpires = &ends
	said := answer{Access: p.access, Type: "bearer", Scope: p.scope}
	if r.PostFormValue("grant_type") == "refresh_token" {
		digest := sha256.Sum256([]byte(r.PostFormValue("refresh_token")))
		err := i.reads.QueryRowContext(r.Context(), i.account, digest[:]).Scan(&p.replaces, &p.family, &p.generation, &p.scope)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		p.generation++
		p.refresh, p.refreshDigest = fresh()
		ends := now.Add(refreshLife).UnixMicro()
		p.refreshExpires = &ends
		said.Refresh, said.RefreshExpires = p.refresh, int64(refreshLife/time.Second)
	} else {
		var b [8]byte
		_, _ = rand.Read(b[:])
		p.family = int64(binary.BigEndian.Uint64(b[:]) >> 11)
	}
	i.queue <- p
	if err := <-p.done; err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	writeJSON(w, said)
}

// fresh is a new token and its digest.
func fresh() (token string, digest []byte) {
	var b [32]byte
	_, _ = rand.Read(b[:])
	token = hex.EncodeToString(b[:])
	d := sha256.Sum256([]byte(token))
	return token, d[:]
}

// writer writes what waits in groups, each with one COMMIT.
type writer struct {
	row
	conn            *sql.Conn
	replace, insert *sql.Stmt
}

func newWriter(db *sql.DB, r row) (*writer, error) {
	ctx := context.Background()
	w := &writer{row: r}
	var err error
	if w.conn, err = db.Conn(ctx); err != nil {
		return nil, err
	}
	if w.replace, err = w.conn.PrepareContext(ctx,
		`UPDATE issuer_tokens SET ended_at = $1, end_reason = 'replaced', over_at = NULL WHERE account_id = $2 AND id = $3 AND ended_at IS NULL`); err != nil {
		return nil, err
	}
	w.insert, err = w.conn.PrepareContext(ctx, `
		INSERT INTO issuer_tokens (account_id, product, client_id, user_id, family_id, generation, origin, scope, consented_scope,
			access_digest, access_hint, access_expires_at, refresh_digest, refresh_hint, refresh_expires_at, created_at, end_reason, over_at)
		VALUES ($1, 'support', $2, $3, $4, $5, $6, $7, $7, $8, $9, $10, $11, $12, $13, $14, '', $15)`)
	return w, err
}

func (w *writer) run(queue <-chan *pending) {
	for p := range queue {
		group := []*pending{p}
	more:
		for len(group) < 128 {
			select {
			case p := <-queue:
				group = append(group, p)
			default:
				break more
			}
		}
		err := w.commit(group)
		for _, p := range group {
			p.done <- err
		}
	}
}

func (w *writer) commit(group []*pending) error {
	ctx := context.Background()
	if _, err := w.conn.ExecContext(ctx, `BEGIN IMMEDIATE`); err != nil {
		return err
	}
	for _, p := range group {
		if err := w.write(ctx, p); err != nil {
			_, _ = w.conn.ExecContext(ctx, `ROLLBACK`)
			return err
		}
	}
	_, err := w.conn.ExecContext(ctx, `COMMIT`)
	return err
}

func (w *writer) write(ctx context.Context, p *pending) error {
	origin := "client_credentials"
	var refreshHint string
	if p.refresh != "" {
		origin, refreshHint = "refresh_token", p.refresh[:10]
		result, err := w.replace.ExecContext(ctx, p.now, w.account, p.replaces)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n != 1 {
			return errors.Join(errors.New("the token was replaced"), err)
		}
	}
	over := p.accessExpires
	if p.refreshExpires != nil {
		over = p.refreshExpires
	}
	_, err := w.insert.ExecContext(ctx, w.account, w.client, w.user, p.family, p.generation, origin, p.scope,
		p.accessDigest, p.access[:10], p.accessExpires, p.refreshDigest, refreshHint, p.refreshExpires, p.now, over)
	return err
}
