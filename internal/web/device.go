package web

// FieldUserCode is a form field of the pages of a device, and the parameter by which
// their address brings the code along.
const FieldUserCode = "user_code"

// Device asks for the code that a program shows (RFC 8628 §3.3).
type Device struct {
	Page
	Action string
	Code   string // what was typed, or came with the address
	Wrong  bool   // no program waits with it
}

func (p Device) frame() frame {
	return frame{Template: "device", Brand: Broker, Title: p.T("device.title")}
}

// Title is the page's title and first heading; for the template.
func (p Device) Title() string { return p.frame().Title }

// DeviceAsk says which program waits and what it will be able to do, and asks.
type DeviceAsk struct {
	Page
	Action      string
	Code        string // as the program shows it
	Program     string // what it calls itself
	Address     string // where it asked from; empty hides it
	Age         int    // seconds since
	Asked       []string
	Account     string // e.g. "acme.zendesk.com", where the program named it; empty asks for it
	Subdomain   string // what was typed
	BaseSuffix  string // shown behind the box
	Problem     Problem
	FormOrigins []string // see [ConnectHome]
}

func (p DeviceAsk) frame() frame {
	return frame{Template: "device_ask", Brand: Broker, Title: p.T("device_ask.title", p.Program), FormActions: p.FormOrigins}
}

// Title is the page's title and first heading; for the template.
func (p DeviceAsk) Title() string { return p.frame().Title }

// Words are the scopes as sentences; for the template.
func (p DeviceAsk) Words() []Permission { return Words(p.Lang, p.Asked) }

// Ago says when the program asked; for the template.
func (p DeviceAsk) Ago() string { return p.T("device_ask.ago", p.wait(max(p.Age, 1))) }

// ProblemText is the problem in words; for the template.
func (p DeviceAsk) ProblemText() string {
	return ConnectHome{Page: p.Page, Problem: p.Problem}.ProblemText()
}

// DeviceDenied says that the program gets nothing.
type DeviceDenied struct {
	Page
	Program string
}

func (p DeviceDenied) frame() frame {
	return frame{Template: "device_denied", Brand: Broker, Title: p.T("device_denied.title")}
}

// Title is the page's title and first heading; for the template.
func (p DeviceDenied) Title() string { return p.frame().Title }
