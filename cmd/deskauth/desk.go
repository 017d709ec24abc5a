package main

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"github.com/deskauth/deskauth/internal/desk"
	"github.com/deskauth/deskauth/internal/deskhttp"
	"github.com/deskauth/deskauth/internal/issuerhttp"
)

// deskFlags are of what the helpdesk keeps outside of the database.
func (o *issuerOptions) deskFlags(f *pflag.FlagSet) {
	f.StringVar(&o.Files, "files", "", "`directory` of uploaded files, which replicas share (default beside the SQLite file, else in the user's state directory)")
}

// filesDir is where uploads are kept, for the database that dsn names; empty where
// there is no place for them. That is said to whoever uploads: an issuer that
// serves nothing but OAuth needs none.
func (o *issuerOptions) filesDir(dsn string, p process) string {
	if o.Files != "" {
		return o.Files
	}
	if path, found := strings.CutPrefix(dsn, "sqlite:"); found {
		path = strings.TrimPrefix(path, "//")
		return strings.TrimSuffix(path, filepath.Ext(path)) + "-files"
	}
	dir, err := stateDir(p)
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "issuer-files")
}

// openDesk opens the helpdesk on the issuer's database, in the issuer's time.
func (run *runningIssuer) openDesk(dsn string, p process) {
	run.desk = &desk.Desk{
		Store: run.db.Desk(), Files: desk.NewFiles(run.options.filesDir(dsn, p)), Now: run.issuer.Now, Rand: run.issuer.Rand,
	}
}

// pruneDesk removes what was uploaded and no comment has.
func (run *runningIssuer) pruneDesk(ctx context.Context) error {
	for {
		n, err := run.desk.Prune(ctx, pruneMost)
		if err != nil || n == 0 {
			return err
		}
	}
}

// closeStores closes what the issuer and the desk keep things in.
func (run *runningIssuer) closeStores() error {
	return errors.Join(run.desk.Close(), run.db.Close())
}

// deskSurface adds the desk to the issuer's surface.
func (run *runningIssuer) deskSurface(surface *issuerhttp.Server) {
	run.desk.Jobs.Fault = func(job string, err error) { run.edge.log.Error("a task of a job failed", "job", job, "error", err) }
	s := &deskhttp.Server{Desk: run.desk, Issuer: run.issuer, Hosts: run.hosts()}
	surface.Routes, surface.DefaultGroup = s.Routes(), s.DefaultGroup
	surface.AgentPages = s.AgentPages()
	surface.Handlers = map[string]http.Handler{deskhttp.ContentPattern: s.Content(run.edge.log)}
}
