package desk

import "context"

// Store keeps the helpdesk's state. Each method is one atomic step; none of them
// decides anything.
type Store interface {
	// PlantTickets gives an account its first tickets, numbered from 1 in their
	// order, and returns how many. An account that has a ticket gets none.
	PlantTickets(ctx context.Context, a AccountID, tickets []Ticket) (added int, err error)
}
