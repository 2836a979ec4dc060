package sheet

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/webexscim/bulk/internal/cell"
	"github.com/webexscim/bulk/internal/table"
	"github.com/webexscim/bulk/internal/textfile"
)

// header is the header of a sheet, and the use of each column. After understand
// it does not change.
type header struct {
	file      string // the name of the sheet in errors
	style     table.Style
	line      int
	cells     []string // as they are in the file
	resources *resources

	columns    []*column // that are read
	ignored    []*column
	single     [ignoredReadOnly]*column // by use, the columns that set no attribute; nil if there is none
	identity   *column                  // userName of users, displayName of groups; nil if there is none
	externalID *column
	secret     bool // one of the columns is of passwords
}

// understand finds the use of each column. The caller has set the first fields.
func (h *header) understand(ignore []string) error {
	c := columns{header: h}
	c.read(ignore)
	if h.resources == users {
		c.placeEmail()
	}
	c.refuseRepeated()
	for _, col := range c.list {
		h.secret = h.secret || col.secret
		if col.use == addressTypeColumn && !c.hasAddress() {
			col.use = ignoredUnsupported
		}
		if col.use >= ignoredReadOnly {
			h.ignored = append(h.ignored, col)
			continue
		}
		h.columns = append(h.columns, col)
		switch {
		case col.use != attributeColumn:
			h.single[col.use] = col
		case col.kind == identity:
			h.identity = col
		case col.target.name == "externalId":
			h.externalID = col
		}
	}
	rank(h.columns)
	if h.identity == nil && h.single[idColumn] == nil {
		c.wrong.Add(h.fault(h.line, nil, h.text(), "no column that identifies the user or group",
			`a column "User ID/Email (Required)" or userName for users, displayName for groups`))
	}
	if missing := missingCondition(h.cells); missing != "" {
		c.fault(&column{header: missing}, "missing, though sync has written it",
			"all columns of its sheet: without this one, apply cannot see who has changed since")
	}
	return c.wrong.Err()
}

// text is the header as one line.
func (h *header) text() string { return strings.Join(h.cells, string(h.style.Comma)) }

// fault returns the error for a mistake in the cell of a column, or in a whole
// row if c is nil. It does not quote a password.
func (h *header) fault(line int, c *column, value, problem, expected string) *textfile.Error {
	e := &textfile.Error{File: h.file, Line: line, Value: value, Problem: problem, Expected: expected}
	if c != nil {
		e.Column = c.header
		if c.secret {
			e.Value = ""
		}
	}
	return e
}

// check returns why the first row cannot be a header, nil if it can.
func (h *header) check() error {
	switch at := slices.IndexFunc(h.cells, isEmail); {
	case strings.Contains(h.text(), "\x00"):
		return h.fault(h.line, nil, "", "no text", "text in UTF-8, or UTF-16 with a byte order mark")
	case at >= 0: // the rest may hold passwords
		return h.fault(h.line, nil, h.cells[at], "a row where the header should be",
			"the names of the columns in the first line")
	}
	return nil
}

// missingCondition returns the header that a sheet of WriteActions has lost, ""
// for other sheets, or if none is lost.
func missingCondition(headers []string) (missing string) {
	has := foldedSet(headers)
	found := false
	for _, h := range []string{versionHeader, expectedHeader, presentNameHeader} {
		if has[fold(h)] {
			found = true
		} else {
			missing = h
		}
	}
	if !found {
		return ""
	}
	return missing
}

func foldedSet(headers []string) map[string]bool {
	set := make(map[string]bool, len(headers))
	for _, h := range headers {
		set[fold(h)] = true
	}
	return set
}

// use is the use of a column.
type use int

const (
	attributeColumn use = iota
	operationColumn
	idColumn
	addressTypeColumn
	versionColumn
	expectedColumn
	presentNameColumn
	ignoredReadOnly    // only the service writes its attribute
	ignoredUnsupported // SCIM has no attribute for it
	ignoredUnknown     // its header is of a service or license, or unknown
	ignoredOnRequest   // it is one of Options.Ignore
	ignoredReason      // it says why Copy kept a row
)

// column is a column of a sheet and its use.
type column struct {
	index  int
	header string // as it is in the file
	use    use
	secret bool // see isSecret
	attribute
	target target
	rank   int // its place in the order of the paths of all columns
}

// isSecret reports whether the header of a column contains a word for password
// in any language, so that no error may quote its cells.
func isSecret(header string) bool {
	folded := fold(header)
	return slices.ContainsFunc(secretWords, func(word string) bool { return strings.Contains(folded, word) })
}

// userHeaders maps headers of Control Hub and of other products, folded, to the
// SCIM attributes with other names.
var userHeaders = map[string]string{
	"userid/email(required)": "userName", "userid/email": "userName", "userid": "userName",
	"name": "displayName", "firstname": "name.givenName", "lastname": "name.familyName", "jobtitle": "title",
	"givenname": "name.givenName", "surname": "name.familyName", "familyname": "name.familyName", "dept": "department",
	"phonenumber":         `phoneNumbers[type eq "work"].value`,
	"phone":               `phoneNumbers[type eq "work"].value`,
	"mobile":              `phoneNumbers[type eq "mobile"].value`,
	"mobilenumber":        `phoneNumbers[type eq "mobile"].value`,
	"mobilephone":         `phoneNumbers[type eq "mobile"].value`,
	"extension":           `phoneNumbers[type eq "work_extension"].value`,
	"language":            "preferredLanguage",
	"addressstreet":       "addresses[].streetAddress",
	"addressstreetname":   "addresses[].streetAddress",
	"streetaddress":       "addresses[].streetAddress",
	"addressline1":        "addresses[].streetAddress",
	"addresslocality":     "addresses[].locality",
	"addresscity":         "addresses[].locality",
	"addressregion":       "addresses[].region",
	"addressstate":        "addresses[].region",
	"addressprovince":     "addresses[].region",
	"addresspostalcode":   "addresses[].postalCode",
	"addresszip":          "addresses[].postalCode",
	"addresszipcode":      "addresses[].postalCode",
	"addresszip/postcode": "addresses[].postalCode",
	"addresscountry":      "addresses[].country",
}

// groupHeaders is userHeaders for groups.
var groupHeaders = map[string]string{
	"groupname": "displayName", "group": "displayName", "name": "displayName", "member": "members",
	"memberemails": "members",
}

// headerUses are the uses of columns that set no attribute, by folded header:
// columns that sync writes, and columns of Control Hub that SCIM cannot write.
// operationHeaders has the headers of operations.
var headerUses = map[string]use{
	"id": idColumn, "addresstype": addressTypeColumn,
	fold(versionHeader): versionColumn, fold(expectedHeader): expectedColumn, fold(presentNameHeader): presentNameColumn,
	fold(reasonHeader): ignoredReason,
	"userstatus":       ignoredReadOnly, "lastserviceaccessedtime": ignoredReadOnly,
	"dayssincelastserviceaccessed": ignoredReadOnly,
	"calleridnumber":               ignoredUnsupported, "calleridfirstname": ignoredUnsupported,
	"calleridlastname": ignoredUnsupported,
	"location":         ignoredUnsupported, "hybridcalendarserviceresourcegroup": ignoredUnsupported,
	"hybridcallserviceresourcegroup": ignoredUnsupported, "ucmanagerprofile": ignoredUnsupported,
	"upgradeprofile": ignoredUnsupported, "callingbehavior": ignoredUnsupported,
	"callingbehaviorucmanagerprofile": ignoredUnsupported, "directorynumber": ignoredUnsupported,
	"directline": ignoredUnsupported,
}

// fold makes headers comparable: without case, spaces, hyphens, underscores and
// control characters.
func fold(header string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.IsControl(r) || cell.IsBlank(r) || r == '-' || r == '_' {
			return -1
		}
		return unicode.ToLower(r)
	}, header)
}

// resourcesOf returns the resources of a sheet with these headers. A sheet is
// of users if it has a userName, an email, or another attribute that groups
// lack.
func resourcesOf(headers, ignore []string) *resources {
	found, ignored := users, foldedSet(ignore)
	for _, h := range headers {
		asUsers := columns{header: &header{}}
		asUsers.understand(h, users)
		switch folded := fold(h); {
		case ignored[folded]:
		case folded == "email" || folded == "mail" || folded == "emailaddress" || folded == "username":
			return users
		case folded == "members" || folded == "members.value" || groupHeaders[folded] == "members":
			return groups
		case folded == "displayname" || groupHeaders[folded] == "displayName" && folded != "name":
			found = groups
		case folded == "name": // users and groups have one
		case asUsers.list[0].use == attributeColumn && folded != "externalid":
			return users
		}
	}
	return found
}

// columns are the columns of a sheet while its header is read.
type columns struct {
	header *header
	list   []*column
	wrong  textfile.Errors
}

// fault adds an error about the header of a column.
func (c *columns) fault(col *column, problem, expected string) {
	c.wrong.Add(c.header.fault(c.header.line, col, "", problem, expected))
}

// read adds the columns of the header.
func (c *columns) read(ignore []string) {
	for _, h := range ignore {
		if !slices.ContainsFunc(c.header.cells, func(have string) bool { return fold(have) == fold(h) }) {
			c.wrong.Add(c.header.fault(c.header.line, nil, h, "no column with the name given to --ignore-column",
				"one of the header"))
		}
	}
	ignored := foldedSet(ignore)
	for _, h := range c.header.cells {
		if ignored[fold(h)] {
			c.list = append(c.list, &column{index: len(c.list), header: h, use: ignoredOnRequest, secret: isSecret(h)})
			continue
		}
		text, fault := cell.Exact(h)
		if fault != nil {
			e := c.header.fault(c.header.line, &column{header: text}, "", fault.Problem, fault.Expected)
			e.Cause = fault.Cause
			c.wrong.Add(e)
		}
		c.understand(norm.NFC.String(text), c.header.resources)
	}
}

// understand adds the column with the given header.
func (c *columns) understand(header string, kind *resources) {
	col := &column{index: len(c.list), header: header, secret: isSecret(header)}
	c.list = append(c.list, col)
	folded := fold(header)
	use, known := headerUses[folded]
	switch {
	case operationHeaders[folded]: // in an ignored column, a delete would become a create
		col.use = operationColumn
	case known:
		col.use = use
	default:
		col.use = ignoredUnknown
		c.findAttribute(col, folded, kind)
	}
}

// findAttribute finds the attribute that a header names, if it names one.
func (c *columns) findAttribute(col *column, folded string, kind *resources) {
	path, ok := kind.headers[folded]
	if !ok {
		path = strings.TrimSpace(col.header)
		if !strings.ContainsAny(path, ".[") {
			path = folded
		}
	}
	t, isPath := parseTarget(path)
	if col.attribute, col.target, ok = kind.vocabulary.find(t); isPath && ok {
		c.place(col, t)
		return
	}
	head, part := path, ""
	if i := strings.IndexAny(path, ".["); i >= 0 {
		head, part = path[:i], path[i+1:]
	}
	if part != "" && part[0] != ' ' && kind.vocabulary.knows(head) || strings.HasPrefix(folded, "urn:") {
		c.fault(col, "not an attribute that a sheet can set",
			`a SCIM path such as name.givenName or phoneNumbers[type eq "work"].value`)
	}
}

// place sets the use of a column that names an attribute.
func (c *columns) place(col *column, written target) {
	col.use = attributeColumn
	switch {
	case col.kind == readOnly:
		col.use = ignoredReadOnly
	case col.kind == structured:
		c.fault(col, "an attribute with more parts than a cell can hold", "operations in NDJSON for it")
	case written.filterKey != "" && written.filterKey != filterKeyOf(col.target):
		c.fault(col, "a filter that a sheet cannot have", "["+filterKeyOf(col.target)+` eq "…"]`)
	}
}

// placeEmail finds the attribute of a column Email: the userName, or the work
// address if another column is the userName.
func (c *columns) placeEmail() {
	named := slices.ContainsFunc(c.list, func(col *column) bool {
		return col.use == attributeColumn && col.kind == identity
	})
	for _, col := range c.list {
		switch fold(col.header) {
		case "email", "mail", "emailaddress":
			path := "userName"
			if named {
				path = `emails[type eq "work"].value`
			}
			t, _ := parseTarget(path)
			col.use = attributeColumn
			col.attribute, col.target, _ = users.vocabulary.find(t)
			named = true
		}
	}
}

// hasAddress reports whether there is a column with a part of an address whose
// type is in another column.
func (c *columns) hasAddress() bool {
	return slices.ContainsFunc(c.list, func(col *column) bool {
		return col.use == attributeColumn && col.target.name == "addresses" && col.target.filter == ""
	})
}

// rank sets the rank of each column.
func rank(columns []*column) {
	ordered := slices.Clone(columns)
	slices.SortStableFunc(ordered, func(x, y *column) int { return cmp.Compare(x.target.path(), y.target.path()) })
	for i, c := range ordered {
		c.rank = i
	}
}

// letters names a column as spreadsheets do: A to Z, AA and so on.
func letters(index int) string {
	if index < 26 {
		return string(rune('A' + index))
	}
	return letters(index/26-1) + letters(index%26)
}

// useNames are the names, in errors, of columns that set no attribute.
var useNames = map[use]string{
	operationColumn: "the operation", idColumn: "the id", addressTypeColumn: "the type of the address",
	versionColumn: "the version", expectedColumn: "what is expected", presentNameColumn: "the present name",
}

// refuseRepeated adds an error for a second column of the same attribute or
// use.
func (c *columns) refuseRepeated() {
	seen := make(map[string]*column)
	for _, col := range c.list {
		key := useNames[col.use]
		if col.use == attributeColumn {
			key = col.target.path()
		}
		if first := seen[key]; first != nil && key != "" {
			c.fault(col, fmt.Sprintf("the same as column %s (columns %s and %s)", textfile.Quote(first.header),
				letters(first.index), letters(col.index)), "one column for "+key)
		}
		seen[key] = col
	}
}
