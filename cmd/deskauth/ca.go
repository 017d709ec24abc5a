package main

import (
	"bufio"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/deskauth/deskauth/internal/intercept"
)

// caName is what the authority is called in stores of certificates.
const caName = "deskauth local Zendesk"

func caCommand(p process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ca",
		Short: "Keep a certificate authority that your own browser can trust for a week",
		Long: "Keep a certificate authority for zendesk.com on this machine, for a browser of your own.\n\n" +
			"`deskauth run` needs none of this: it makes an authority for each run, which programs\n" +
			"find in their environment, and --browser opens a profile that knows it. Only a browser\n" +
			"that you use otherwise needs to trust one that stays:\n\n" +
			"  deskauth ca init\n  deskauth ca trust --profile ~/.mozilla/firefox/test.profile\n" +
			"  deskauth run --kept-ca --proxy-listen 127.0.0.1:4005 -- node server.js\n\n" +
			"It counts for seven days, and can vouch for nothing but names below zendesk.com. Whoever\n" +
			"reads its key can pose as Zendesk to that browser; `deskauth ca remove` undoes it all.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(caInitCommand(p), caPathCommand(p), caTrustCommand(p), caRemoveCommand(p))
	return cmd
}

// caDir is where the authority is kept.
func caDir(p process) (string, error) {
	state, err := stateDir(p)
	if err != nil {
		return "", err
	}
	return filepath.Join(state, "ca"), nil
}

var errNoAuthority = errors.New("there is no authority yet: make one with `deskauth ca init`")

// keptCA reads the authority's certificate, and says how to make one.
func keptCA(p process) (string, *x509.Certificate, error) {
	dir, err := caDir(p)
	if err != nil {
		return "", nil, err
	}
	cert, err := intercept.ReadCertificate(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil, errNoAuthority
	}
	return dir, cert, err
}

func caInitCommand(p process) *cobra.Command {
	return &cobra.Command{
		Use: "init", Short: "Make the authority; one whose time is not over stays", Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			dir, err := caDir(p)
			if err != nil {
				return err
			}
			if cert, err := intercept.ReadCertificate(dir); err == nil && time.Now().Before(cert.NotAfter) {
				fmt.Fprintf(p.Out, "The authority of %s stays until %s.\n", cert.NotBefore.Format(time.DateOnly), cert.NotAfter.Format(time.DateTime))
				return nil
			}
			if trusted, err := readTrusted(dir); err != nil {
				return err
			} else if len(trusted) > 0 {
				return errors.New("an older authority is still trusted somewhere: first `deskauth ca remove`")
			}
			a, err := intercept.NewAuthority(rand.Reader, time.Now())
			if err != nil {
				return err
			}
			if err := a.Keep(dir); err != nil {
				return err
			}
			fmt.Fprintf(p.Out, "Made %s\nIt counts until %s, for names below zendesk.com alone.\n",
				intercept.CertificatePath(dir), a.Certificate().NotAfter.Format(time.DateTime))
			return nil
		},
	}
}

func caPathCommand(p process) *cobra.Command {
	return &cobra.Command{
		Use: "path", Short: "Print where the authority's certificate is", Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			dir, _, err := keptCA(p)
			if err == nil {
				fmt.Fprintln(p.Out, intercept.CertificatePath(dir))
			}
			return err
		},
	}
}

func caTrustCommand(p process) *cobra.Command {
	var profile string
	var system bool
	cmd := &cobra.Command{
		Use:   "trust",
		Short: "Have a browser's profile trust the authority",
		Long: "Have a browser's profile trust the authority: Firefox keeps a store in each profile,\n" +
			"Chromium on Linux one for all of a user's, ~/.pki/nssdb. Needs certutil (libnss3-tools).\n\n" +
			"--system has every program of this machine trust it, and asks first.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, cert, err := keptCA(p)
			switch {
			case err != nil:
				return err
			case time.Now().After(cert.NotAfter):
				return errors.New("the authority's time is over: `deskauth ca remove`, then `deskauth ca init`")
			case system == (profile != ""):
				return usagef("name one store: --profile DIRECTORY, such as ~/.pki/nssdb for Chromium, or --system")
			}
			s := trustStore{kind: profileStore, path: profile}
			if system {
				if s, err = systemStoreHere(); err == nil {
					err = confirmed(cmd.InOrStdin(), p.Out)
				}
			} else {
				s.path, err = filepath.Abs(profile)
			}
			if err != nil {
				return err
			}
			// Noted first: what is noted and is not there is easily removed.
			if err := noteTrusted(dir, s); err != nil {
				return err
			}
			if err := s.add(intercept.CertificatePath(dir)); err != nil {
				return err
			}
			fmt.Fprintf(p.Out, "%s trusts %q until %s. Undo with `deskauth ca remove`.\n", s.path, caName, cert.NotAfter.Format(time.DateTime))
			return nil
		},
	}
	cmd.Flags().StringVar(&profile, "profile", "", "`directory` of a browser's profile (cert9.db is in it)")
	cmd.Flags().BoolVar(&system, "system", false, "the system's store, for every program of this machine")
	return cmd
}

// confirmed asks a person to type yes. Nobody at the keyboard is a no.
func confirmed(in io.Reader, out io.Writer) error {
	fmt.Fprint(out, "Every program of this machine will take whoever reads this authority's key for Zendesk,\n"+
		"for up to seven days. Type yes to go on: ")
	line, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if strings.TrimSpace(line) != "yes" {
		return errors.New("not confirmed; nothing was changed")
	}
	return nil
}

func caRemoveCommand(p process) *cobra.Command {
	return &cobra.Command{
		Use: "remove", Short: "Remove the authority, also from where `trust` put it", Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			dir, err := caDir(p)
			if err != nil {
				return err
			}
			trusted, err := readTrusted(dir)
			if err != nil {
				return err
			}
			// The key first: without it, trust that is left behind trusts nobody.
			if err := intercept.Discard(dir); err != nil {
				return err
			}
			for i, s := range trusted {
				if err := s.remove(); err != nil {
					return errors.Join(fmt.Errorf("%s: %w", s.path, err), writeTrusted(dir, trusted[i:]))
				}
				fmt.Fprintf(p.Out, "Removed from %s\n", s.path)
			}
			if err := writeTrusted(dir, nil); err != nil {
				return err
			}
			fmt.Fprintln(p.Out, "Removed the authority and its key.")
			if err := os.Remove(dir); !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			return nil
		},
	}
}
