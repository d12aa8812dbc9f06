package random

import (
	"errors"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// The characters of a string: the plugin's documentation of RandomPassword names the special ones.
const (
	lowerSet   = "abcdefghijklmnopqrstuvwxyz"
	upperSet   = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	numericSet = "0123456789"
	specialSet = "!@#$%&*()-_=+[]{}<>:?"
)

// characterDefaults are the inputs of RandomPassword and RandomString.
func characterDefaults() resource.PropertyMap {
	yes, zero := resource.NewBoolProperty(true), resource.NewNumberProperty(0)
	return resource.PropertyMap{
		"length": resource.NewNullProperty(), "overrideSpecial": resource.NewNullProperty(),
		"special": yes, "upper": yes, "lower": yes, "numeric": resource.NewNullProperty(),
		"number":     resource.NewNullProperty(),
		"minSpecial": zero, "minUpper": zero, "minLower": zero, "minNumeric": zero,
	}
}

// characters makes a string of the length and the kinds of characters that inputs say.
func characters(in resource.PropertyMap) (string, error) {
	length := number(in, "length")
	if length < 1 {
		return "", fmt.Errorf("length: must be at least 1, got %d", length)
	}
	special := specialSet
	if chosen := word(in, "overrideSpecial"); chosen != "" {
		special = chosen
	}
	kinds := []struct {
		set     string
		allowed bool
		least   int
	}{
		{lowerSet, allowed(in, "lower"), number(in, "minLower")},
		{upperSet, allowed(in, "upper"), number(in, "minUpper")},
		{numericSet, allowed(in, "numeric") && allowed(in, "number"), number(in, "minNumeric")},
		{special, allowed(in, "special"), number(in, "minSpecial")},
	}
	var made []byte
	all := ""
	for _, kind := range kinds {
		if kind.allowed {
			all += kind.set
		}
		for range kind.least {
			i, err := below(len(kind.set))
			if err != nil {
				return "", err
			}
			made = append(made, kind.set[i])
		}
	}
	if len(made) > length {
		return "", fmt.Errorf("length: must be at least minLower + minUpper + minNumeric + minSpecial (%d), got %d",
			len(made), length)
	}
	if all == "" && len(made) < length {
		return "", errors.New("at least one of lower, upper, numeric and special must be true")
	}
	for len(made) < length {
		i, err := below(len(all))
		if err != nil {
			return "", err
		}
		made = append(made, all[i])
	}
	return shuffled(made)
}

// allowed reports whether a kind of characters is wanted; it is unless an input says no.
func allowed(in resource.PropertyMap, key resource.PropertyKey) bool {
	v := open(in[key])
	return !v.IsBool() || v.BoolValue()
}

// shuffled puts characters into a random order.
func shuffled(made []byte) (string, error) {
	made = slices.Clone(made)
	for i := len(made) - 1; i > 0; i-- {
		j, err := below(i + 1)
		if err != nil {
			return "", err
		}
		made[i], made[j] = made[j], made[i]
	}
	return string(made), nil
}
