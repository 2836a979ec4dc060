package sheet

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/webexscim/bulk/internal/cell"
	"github.com/webexscim/bulk/internal/textfile"
)

// use is what a column is for.
type use int

const (
	setsAttribute use = iota
	saysOperation
	saysID
	saysAddressType
	saysVersion
	saysExpected
	saysPresentName
	leftReadOnly    // the service alone writes it
	leftUnsupported // SCIM has nothing for it
	leftUnknown     // a service or license, or nobody knows what
	leftIgnored     // as told
	leftReason      // why Copy kept a row
)

// column is a column of a sheet, understood.
type column struct {
	index  int
	header string // as it stands there
	use    use
	secret bool // see isSecret
	attribute
	target target
	rank   int      // its place among the columns in the order of their paths
	holds  contents // of a column that is left alone
}

// isSecret reports whether no error may quote a cell of a column: its header
// says password, in whatever language, and whatever else it says.
func isSecret(header string) bool {
	folded := fold(header)
	return slices.ContainsFunc(secretWords, func(word string) bool { return strings.Contains(folded, word) })
}

// userHeaders are the columns of Control Hub, and the like, that have another
// name in SCIM; folded.
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

// groupHeaders are likewise what people call the columns of groups.
var groupHeaders = map[string]string{
	"groupname": "displayName", "group": "displayName", "name": "displayName", "member": "members",
	"memberemails": "members",
}

// leftHeaders are the columns of Control Hub that can't be written through
// SCIM.
var leftHeaders = map[string]use{
	"userstatus": leftReadOnly, "lastserviceaccessedtime": leftReadOnly, "dayssincelastserviceaccessed": leftReadOnly,
	"calleridnumber": leftUnsupported, "calleridfirstname": leftUnsupported, "calleridlastname": leftUnsupported,
	"location": leftUnsupported, "hybridcalendarserviceresourcegroup": leftUnsupported,
	"hybridcallserviceresourcegroup": leftUnsupported, "ucmanagerprofile": leftUnsupported,
	"upgradeprofile": leftUnsupported, "callingbehavior": leftUnsupported,
	"callingbehaviorucmanagerprofile": leftUnsupported, "directorynumber": leftUnsupported, "directline": leftUnsupported,
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

// isGroups tells a sheet of groups from one of users by its columns: users have
// a userName or email, or something else that groups do not have.
func isGroups(header []string) bool {
	groups := false
	for _, h := range header {
		var asUsers columns
		asUsers.understand(h, users)
		switch folded := fold(h); {
		case folded == "email" || folded == "mail" || folded == "emailaddress" || folded == "username":
			return false
		case folded == "members" || folded == "members.value" || groupHeaders[folded] == "members":
			return true
		case folded == "displayname" || groupHeaders[folded] == "displayName" && folded != "name":
			groups = true
		case folded == "name": // people have one, and groups
		case len(asUsers.list) == 1 && asUsers.list[0].use == setsAttribute && folded != "externalid":
			return false
		}
	}
	return groups
}

// columns are those of a sheet, while its header is read.
type columns struct {
	file  string
	line  int
	list  []column
	wrong textfile.Errors
}

// add adds a mistake in the header.
func (c *columns) add(e *textfile.Error) {
	e.File, e.Line = c.file, c.line
	c.wrong.Add(e)
}

func (c *columns) fault(header, problem, expected string) {
	c.add(&textfile.Error{Column: header, Problem: problem, Expected: expected})
}

// read adds the columns of a header.
func (c *columns) read(headers, ignore []string, kind *resources) {
	for _, h := range ignore {
		if !slices.ContainsFunc(headers, func(have string) bool { return fold(have) == fold(h) }) {
			c.add(&textfile.Error{Value: h, Problem: "no column with the name given to --ignore-column", Expected: "one of the header"})
		}
	}
	ignored := foldedSet(ignore)
	for _, h := range headers {
		if ignored[fold(h)] {
			c.list = append(c.list, column{index: len(c.list), header: h, use: leftIgnored, secret: isSecret(h)})
			continue
		}
		text, fault := cell.Exact(h)
		if fault != nil {
			c.add(&textfile.Error{Column: text, Problem: fault.Problem, Expected: fault.Expected, Cause: fault.Cause})
		}
		c.understand(norm.NFC.String(text), kind)
	}
}

// understand adds the column with the given header.
func (c *columns) understand(header string, kind *resources) {
	col := column{index: len(c.list), header: header, use: leftUnknown, secret: isSecret(header)}
	defer func() { c.list = append(c.list, col) }()
	folded := fold(header)
	if isReason(header) {
		col.use = leftReason
		return
	}
	if operationHeaders[folded] { // a delete that is overlooked would be a create
		col.use = saysOperation
		return
	}
	switch folded {
	case "id":
		col.use = saysID
		return
	case "addresstype":
		col.use = saysAddressType
		return
	case fold(versionHeader):
		col.use = saysVersion
		return
	case fold(expectedHeader):
		col.use = saysExpected
		return
	case fold(presentNameHeader):
		col.use = saysPresentName
		return
	}
	if left, ok := leftHeaders[folded]; ok {
		col.use = left
		return
	}
	path, ok := kind.headers[folded]
	if !ok {
		path = strings.TrimSpace(header)
		if !strings.ContainsAny(path, ".[") {
			path = folded
		}
	}
	t, isPath := parseTarget(path)
	if col.attribute, col.target, ok = kind.vocabulary.find(t); isPath && ok {
		c.place(&col, t)
		return
	}
	head, part := path, ""
	if i := strings.IndexAny(path, ".["); i >= 0 {
		head, part = path[:i], path[i+1:]
	}
	if part != "" && part[0] != ' ' && kind.vocabulary.knows(head) || strings.HasPrefix(folded, "urn:") {
		c.fault(header, "not an attribute that a sheet can set", `a SCIM path such as name.givenName or phoneNumbers[type eq "work"].value`)
	}
}

// place says what a column that names an attribute is for.
func (c *columns) place(col *column, written target) {
	col.use = setsAttribute
	switch {
	case col.kind == readOnly:
		col.use = leftReadOnly
	case col.kind == structured:
		c.fault(col.header, "an attribute with more parts than a cell can hold", "operations in NDJSON for it")
	case written.filterKey != "" && written.filterKey != filterKeyOf(col.target):
		c.fault(col.header, "a filter that a sheet cannot have", "["+filterKeyOf(col.target)+` eq "…"]`)
	}
}

// filterKeyOf is what the elements of a multi-valued attribute differ by.
func filterKeyOf(t target) string {
	if strings.HasPrefix(t.name, "externalAttribute") {
		return "source"
	}
	return "type"
}

// placeEmail gives a column Email, that can mean two things, its place: the
// userName where no other column is that.
func (c *columns) placeEmail() {
	named := slices.ContainsFunc(c.list, func(col column) bool { return col.use == setsAttribute && col.kind == identity })
	for i := range c.list {
		switch fold(c.list[i].header) {
		case "email", "mail", "emailaddress":
			path := "userName"
			if named {
				path = `emails[type eq "work"].value`
			}
			t, _ := parseTarget(path)
			c.list[i].use = setsAttribute
			c.list[i].attribute, c.list[i].target, _ = userVocabulary.find(t)
			named = true
		}
	}
}

// hasAddress reports whether there is a column that the type of an address is
// about.
func (c *columns) hasAddress() bool {
	return slices.ContainsFunc(c.list, func(col column) bool {
		return col.use == setsAttribute && col.target.name == "addresses" && col.target.filter == ""
	})
}

// rank finds the places of columns in the order of their paths.
func rank(columns []column) {
	order := make([]*column, len(columns))
	paths := make(map[*column]string, len(columns))
	for i := range columns {
		order[i] = &columns[i]
		paths[order[i]] = columns[i].target.path()
	}
	slices.SortFunc(order, func(x, y *column) int { return cmp.Compare(paths[x], paths[y]) })
	for i, c := range order {
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

// useNames are what errors call a column that names no attribute.
var useNames = map[use]string{saysOperation: "the operation", saysID: "the id", saysAddressType: "the type of the address", saysVersion: "the version",
	saysExpected: "what is expected", saysPresentName: "the present name"}

// refuseRepeated refuses two columns for one thing.
func (c *columns) refuseRepeated() {
	seen := make(map[string]column)
	for _, col := range c.list {
		key := ""
		switch col.use {
		case setsAttribute:
			key = col.target.path()
		case saysOperation, saysID, saysAddressType, saysVersion, saysExpected, saysPresentName:
			key = useNames[col.use]
		default:
			continue
		}
		if first, ok := seen[key]; ok {
			c.fault(col.header, fmt.Sprintf("the same as column %s (columns %s and %s)", textfile.Quote(first.header), letters(first.index), letters(col.index)),
				"one column for "+key)
		}
		seen[key] = col
	}
}

// Templates lists the kinds of sheet that Template knows.
var Templates = [...]string{"users", "groups"}

// Template returns a sheet to fill in: the header and example rows, which are
// to be overwritten. That of users has the columns of Control Hub that SCIM
// carries, and two rows, one of which names the other as manager.
func Template(kind string) (string, error) {
	switch kind {
	case "users":
		return sheetText(
			"operation,First Name,Last Name,Display Name,User ID/Email (Required),Title,Department,Manager,Phone Number,"+
				"Extension,Preferred Language,Time zone,Address type,Address street,Address locality,Address region,"+
				"Address postal code,Address country",
			`create,Charles,Babbage,Charles Babbage,charles@example.com,Engineer,Mathematics,,+44 20 7946 0101,0101,`+
				`en_GB,Europe/London,Office,1 Dorset Street,London,England,W1U 4EG,GB`,
			`create,Ada,Lovelace,Ada Lovelace,ada@example.com,Analyst,Mathematics,charles@example.com,+44 20 7946 0102,0102,`+
				`en_GB,Europe/London,Office,12 St James's Square,London,England,SW1Y 4JH,GB`), nil
	case "groups":
		return sheetText("operation,displayName,members", `create,Analysts,"ada@example.com; charles@example.com"`), nil
	}
	return "", fmt.Errorf("no template %q: expected one of %s", kind, strings.Join(Templates[:], ", "))
}

// sheetText ends each line.
func sheetText(rows ...string) string { return strings.Join(rows, "\n") + "\n" }
