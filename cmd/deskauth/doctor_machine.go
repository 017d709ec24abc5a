package main

import (
	"fmt"
	"io/fs"
	"strings"
	"time"
)

// Checks of this machine.

// What little space is: less than spaceFault keeps no token that is renewed.
const (
	spaceFault   = 1 << 20
	spaceWarning = 64 << 20
)

// readByOthers are the bits of a mode by which somebody else can read.
const readByOthers fs.FileMode = 0o077

func (f doctorFacts) checkState() []finding {
	s := f.State
	var all []finding
	switch {
	case s.Err != nil:
		return []finding{fault("name a directory of your own in XDG_STATE_HOME", "the logins cannot be read: %v", s.Err)}
	case !s.Writable:
		return []finding{fault("name a directory of your own in XDG_STATE_HOME", "%s cannot be written to: a token that is renewed could not be kept", s.Dir)}
	case s.FreeIs && s.Free < spaceFault:
		return []finding{fault("make some space", "there is no space left for %s: a token that is renewed could not be kept", s.Dir)}
	case s.There && s.Mode&readByOthers != 0:
		all = append(all, warning("chmod 700 "+shellWord(s.Dir), "other users of this machine can look into %s (mode %04o)", s.Dir, s.Mode.Perm()))
	}
	if s.FreeIs && s.Free < spaceWarning {
		all = append(all, warning("make some space", "little space is left for %s: %d MB", s.Dir, s.Free>>20))
	}
	switch {
	case len(all) > 0:
		return all
	case !s.There:
		return []finding{fine("nothing is kept yet; it would be in %s", s.Dir)}
	}
	return []finding{fine("%s", s.Dir)}
}

func (f doctorFacts) checkKeychain() []finding {
	k := f.Keychain
	switch {
	case k.File != "" && k.Mode&readByOthers != 0:
		return []finding{fault("chmod 600 "+shellWord(k.File), "other users of this machine can read %s, which opens the logins (mode %04o)", k.File, k.Mode.Perm())}
	case k.Open:
		return []finding{warning("", "the logins are sealed with a key in a plain file, %s: who can read that can use them", k.File)}
	case k.File != "":
		return []finding{fine("the logins are sealed with a key in a file that a passphrase opens, %s", k.File)}
	case k.Err != nil && (f.State.Logins || len(f.ByBroker) > 0):
		return []finding{fault("unlock it, or run `"+f.SignIn+" --insecure-storage`", "the logins are sealed with a key of %v", k.Err)}
	case k.Err != nil:
		return []finding{warning("set DESKAUTH_PASSPHRASE, or sign in with --insecure-storage", "%v", k.Err)}
	case k.Has:
		return []finding{fine("the logins are sealed with a key in the system's keychain, which answers")}
	}
	return []finding{fine("the system's keychain answers, and has no key yet")}
}

func (f doctorFacts) checkNetwork() []finding {
	r := f.Reached
	through := ""
	if r != nil && r.Proxy != "" {
		through = ", through the proxy " + r.Proxy
	}
	switch {
	case f.Offline:
		return []finding{skipped("--offline")}
	case r == nil && f.Login.Broker != "":
		return []finding{skipped(f.Login.Broker + " does not say where the account is")}
	case r == nil:
		return []finding{skipped("nobody says which account: name it with --account")}
	case r.Err != nil:
		return []finding{fault("", "%v", unreached(f.Host, r.Err))}
	case r.Page && r.Status/100 != 5:
		return []finding{fault("open any page in a browser, then try again", "a web page answers for %s, and not its API%s: this network, or a proxy, wants a sign-in of its own first", f.Host, through)}
	case r.Status == 404:
		return []finding{fault("name another with --account", "nobody has the account %s", f.Host)}
	case r.Status == 429, r.Status/100 == 5:
		return []finding{fault("try again later", "%s cannot answer now (status %d)%s", f.Host, r.Status, through)}
	}
	return []finding{fine("%s answers%s", f.Host, through)}
}

func (f doctorFacts) checkClock() []finding {
	r := f.Reached
	if r == nil || !r.Dated {
		return []finding{skipped("no answer to compare it with")}
	}
	ahead, where := r.Ahead, "ahead of"
	if ahead < 0 {
		ahead, where = -ahead, "behind"
	}
	if ahead < clockOff {
		return []finding{fine("level with that of %s", f.Host)}
	}
	return []finding{fault("set the clock of this machine right", "the clock of this machine is %v %s that of %s: tokens seem to live longer or shorter than they do", ahead.Round(time.Minute), where, f.Host)}
}

func (f doctorFacts) checkBasic() []finding {
	var all []finding
	if len(f.Basic.Variables) > 0 {
		all = append(all, warning("unset "+strings.Join(f.Basic.Variables, " "),
			"the environment has credentials of HTTP Basic, %s, which %s", strings.Join(f.Basic.Variables, ", "), basicEnds(f.Now)))
	}
	for _, file := range f.Basic.Files {
		all = append(all, warning("look into it, and remove it", "%s may hold credentials for Zendesk in the clear", file))
	}
	if len(all) == 0 {
		return []finding{fine("neither the environment nor files of other tools have credentials of HTTP Basic")}
	}
	return all
}

func (f doctorFacts) checkLedger() []finding {
	if len(f.Overdue) == 0 {
		return []finding{fine("no token that was made here is overdue")}
	}
	return []finding{warning("deskauth token sweep"+f.Which, "%s made here should have been revoked, the first at %s", numberOf(len(f.Overdue), "token"), stamp(f.Overdue[0].DueAt))}
}

// soonOver is how long before its end a login is spoken of.
const soonOver = 7 * 24 * time.Hour

func (f doctorFacts) checkBrokerLogins() []finding {
	var all []finding
	for _, v := range f.ByBroker {
		who := fmt.Sprintf("the login at %s by way of %s", v.Host, v.Broker)
		switch left := v.KeyExpires.Sub(f.Now); {
		case v.KeyExpires.IsZero():
			all = append(all, fine("%s does not end by itself", who))
		case left <= 0:
			all = append(all, fault(v.signInAgain(), "%s ended at %s", who, stamp(&v.KeyExpires)))
		case left < soonOver:
			all = append(all, warning(v.signInAgain(), "%s ends in %s, at %s", who, about(left), stamp(&v.KeyExpires)))
		default:
			all = append(all, fine("%s lives until %s", who, stamp(&v.KeyExpires)))
		}
	}
	if len(all) == 0 {
		return []finding{skipped("there is none")}
	}
	return all
}
