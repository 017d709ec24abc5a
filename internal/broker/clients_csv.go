package broker

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/deskauth/deskauth/internal/secret"
)

// ClientsHeader is the first line of a file of clients.
const ClientsHeader = "account,product,identifier,secret"

// Bounds of a file of clients.
const (
	clientsFileMost = 8 << 20 // bytes
	clientsMost     = 10_000  // rows
	clientFaults    = 50      // that are told
)

// LineFault is what is wrong with a line of a file. It repeats nothing of it, since
// what is at fault may be a secret.
type LineFault struct {
	Line int
	Why  string
}

// ClientFaults is all that is wrong with a file of clients.
type ClientFaults struct {
	All  []LineFault
	More int // that are not told
}

func (e *ClientFaults) Error() string {
	var text strings.Builder
	for i, f := range e.All {
		if i > 0 {
			text.WriteString("\n")
		}
		fmt.Fprintf(&text, "line %d: %s", f.Line, f.Why)
	}
	if e.More > 0 {
		fmt.Fprintf(&text, "\nand %d faults more", e.More)
	}
	return text.String()
}

func (e *ClientFaults) add(line int, why string) {
	if len(e.All) == clientFaults {
		e.More++
		return
	}
	e.All = append(e.All, LineFault{line, why})
}

// ReadClients reads a file of comma separated values (RFC 4180) whose first line is
// ClientsHeader: an empty account for a global client, an empty product for Support,
// an empty secret for a public client. It checks every line before it gives up; the
// error is *ClientFaults then.
func (b *Broker) ReadClients(r io.Reader) ([]NewClient, error) {
	file, err := io.ReadAll(io.LimitReader(r, clientsFileMost+1))
	if err != nil {
		return nil, err
	}
	faults := &ClientFaults{}
	file = bytes.TrimPrefix(file, []byte("\xef\xbb\xbf")) // as spreadsheets write it
	lines := csv.NewReader(bytes.NewReader(file))
	switch header, err := lines.Read(); {
	case len(file) > clientsFileMost:
		faults.add(1, fmt.Sprintf("the file has more than %d bytes", clientsFileMost))
	case err != nil || !slices.Equal(cells(header), strings.Split(ClientsHeader, ",")):
		faults.add(1, "it must be "+ClientsHeader)
	default:
		if all := b.readRows(lines, faults); len(faults.All) == 0 {
			return all, nil
		}
	}
	return nil, faults
}

// cells are a header's, as they are compared.
func cells(header []string) (all []string) {
	for _, cell := range header {
		all = append(all, strings.ToLower(strings.TrimSpace(cell)))
	}
	return all
}

func (b *Broker) readRows(lines *csv.Reader, faults *ClientFaults) (all []NewClient) {
	type name struct {
		account    string
		product    Product
		identifier string
	}
	seen := map[name]int{}
	for {
		row, err := lines.Read()
		var wrong *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			if len(all) == 0 && len(faults.All) == 0 {
				faults.add(2, "there is no client in it")
			}
			return all
		case errors.Is(err, csv.ErrFieldCount) && errors.As(err, &wrong):
			faults.add(wrong.StartLine, fmt.Sprintf("it has %d values, not 4", len(row)))
			continue
		case errors.As(err, &wrong): // from here on nobody knows what is a line
			faults.add(wrong.StartLine, "a quotation mark is out of place; what follows was not read")
			return nil
		case err != nil:
			faults.add(1, "it cannot be read")
			return nil
		}
		line, _ := lines.FieldPos(0)
		if len(all) == clientsMost {
			faults.add(line, fmt.Sprintf("there are more than %d clients", clientsMost))
			return nil
		}
		n, err := NewClient{
			Account: row[0], Product: Product(strings.ToLower(strings.TrimSpace(row[1]))), Identifier: row[2],
			Secret: secret.Of(strings.TrimSpace(row[3])),
		}.clean(b.Base)
		all = append(all, n)
		if err != nil {
			faults.add(line, err.Error())
			continue
		}
		of := name{n.Account, n.Product, n.Identifier}
		if first, again := seen[of]; again {
			faults.add(line, fmt.Sprintf("it is the client of line %d", first))
			continue
		}
		seen[of] = line
	}
}
