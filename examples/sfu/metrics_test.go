package main

import (
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/rtctransport/rtctransport/mux/icelite"
)

// A counter that the port gets is a drop that the status tells, unless it is named here: those have a place of their own.
func TestEveryDropOfThePortIsTold(t *testing.T) {
	others := []string{"DatagramsReceived", "BytesReceived", "DatagramsSent", "BytesSent", "Receives", "Sends", "Checks", "ReceiveErrors", "Expired"}
	sfu, _ := startSFU(t, nil)
	var stats icelite.Stats
	v := reflect.ValueOf(&stats).Elem()
	for i := range v.NumField() {
		if name := v.Type().Field(i).Name; v.Field(i).Kind() == reflect.Uint64 && !slices.Contains(others, name) {
			v.Field(i).SetUint(uint64(1000 + i))
		}
	}
	told := slices.Collect(maps.Values(sfu.metrics.drops(&stats)))
	for i := range v.NumField() {
		if name := v.Type().Field(i).Name; v.Field(i).Kind() == reflect.Uint64 && !slices.Contains(others, name) && !slices.Contains(told, uint64(1000+i)) {
			t.Errorf("%s is not told", name)
		}
	}
}
