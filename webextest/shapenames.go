package webextest

import (
	"maps"
	"slices"
)

// namedShapes are the shapes by the names that scripts and flags know them by.
var namedShapes = map[string]Shape{
	"bothKeys":           BothKeys,
	"capitalKey":         CapitalKey,
	"escapingLocations":  EscapingLocations,
	"fewer":              Fewer(1),
	"foreign":            Foreign,
	"foreignLocations":   ForeignLocations("other.example"),
	"inStatus400":        InStatus(400),
	"inStatus412":        InStatus(412),
	"listDetails":        ListDetails,
	"listResponses":      ListResponses,
	"lowerMethods":       LowerMethods,
	"noBulkIds":          NoBulkIDs,
	"noList":             NoList,
	"noLocations":        NoLocations,
	"noResponses":        NoResponses,
	"noStatus":           NoStatus,
	"nullList":           NullList,
	"nullLocations":      NullLocations,
	"nullResponses":      NullResponses,
	"numericStatus":      NumericStatus,
	"objectStatus":       ObjectStatus,
	"oddStatus":          OddStatus,
	"otherOrgLocations":  OtherOrgLocations("11111111-1111-4111-8111-111111111111"),
	"otherTypeLocations": OtherTypeLocations,
	"plainErrors":        PlainErrors,
	"postBulkIds":        PostBulkIDs,
	"queriedLocations":   QueriedLocations,
	"relativeLocations":  RelativeLocations,
	"repeated":           Repeated,
	"shortLocations":     ShortLocations,
	"shuffled":           Shuffled,
	"slashedLocations":   SlashedLocations,
	"textErrorCodes":     TextErrorCodes,
	"textResponses":      TextResponses,
	"upperLocations":     UpperLocations,
	"webexErrors":        WebexErrors,
}

// ShapeNamed returns the Shape of a name such as "capitalKey": the name of its
// function, with a small initial, and with a value where it takes one
// ("inStatus400"). It returns nil for a name that is not among ShapeNames.
func ShapeNamed(name string) Shape { return namedShapes[name] }

// ShapeNames returns the names that ShapeNamed knows, in order.
func ShapeNames() []string { return slices.Sorted(maps.Keys(namedShapes)) }
