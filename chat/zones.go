package chat

import (
	_ "embed"
	"slices"
	"strings"
)

//go:embed zones.txt
var zones string

// timeZones is sorted.
var timeZones = strings.Fields(zones)

// TimeZones gives the names of the time zones that a member may choose, sorted:
// those that the IANA's zone.tab lists for the countries of the world, and UTC.
// The caller must not change it.
func TimeZones() []string { return timeZones }

func knownZone(name string) bool {
	_, found := slices.BinarySearch(timeZones, name)
	return found
}
