package web

// PathTickets is where agents see the tickets of a local Zendesk: the address that links
// to tickets of a real one have.
const PathTickets = "/agent/tickets"

// TicketRow is a ticket in a list.
type TicketRow struct {
	Number    int64
	Subject   string
	Status    string // Zendesk's word, which its API has too
	Requester string
	Updated   Moment
}

// URL is the ticket's page; for templates.
func (r TicketRow) URL() string { return idPath(PathTickets, r.Number) }

// Tickets are an account's tickets, the newest first.
type Tickets struct {
	Center
	Rows  []TicketRow
	Pager Pager
}

func (p Tickets) frame() frame { return p.Center.frame("tickets", p.Title(), AtTickets) }

// Title is the page's title and first heading; for the template.
func (p Tickets) Title() string { return p.T("center.tickets") }

// TicketFile is a file of a comment.
type TicketFile struct {
	Name, URL string
	Size      int64 // bytes
}

// Words is its size in words; for the template.
func (f TicketFile) Words() string { return Bytes(f.Size) }

// TicketComment is something that was said in a ticket.
type TicketComment struct {
	Author string
	At     Moment
	Public bool
	Body   string
	Files  []TicketFile
}

// Ticket is the page of a ticket. Nothing can be changed on it.
type Ticket struct {
	Center
	TicketRow
	Created  Moment
	Comments []TicketComment
	Pager    Pager
}

func (p Ticket) frame() frame { return p.Center.frame("ticket", p.Title(), AtTickets) }

// Title is the page's title and first heading; for the template.
func (p Ticket) Title() string { return p.T("tickets.one", p.Number, p.Subject) }
