package random

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"golang.org/x/crypto/bcrypt"
)

// maker makes the values of one resource type.
type maker struct {
	// defaults has every input that is honoured; one without a default is null.
	defaults resource.PropertyMap
	// secret says that the outputs are secret.
	secret bool
	// schema is the version of the plugin's state that this one has; empty where there is only one.
	schema string
	make   func(in resource.PropertyMap) (id string, outputs resource.PropertyMap, err error)
}

// check finds out whether values can be made.
func (m maker) check(in resource.PropertyMap) error {
	if m.schema != "" {
		_, err := characters(in) // Hashing it takes long.
		return err
	}
	_, _, err := m.make(in)
	return err
}

// noID is the id of a resource whose value must not be one.
const noID = "none"

// bcryptLimit is how many bytes bcrypt hashes at most.
const bcryptLimit = 72

// makerOf finds what makes the values of a resource, by its type.
func (s *server) makerOf(urn string) (maker, error) {
	token := string(resource.URN(urn).Type())
	null := resource.NewNullProperty()
	keepers := func(more resource.PropertyMap) resource.PropertyMap {
		more["keepers"] = null
		return more
	}
	switch token {
	case "random:index/randomPassword:RandomPassword":
		return maker{keepers(characterDefaults()), true, "3", makePassword}, nil
	case "random:index/randomString:RandomString":
		return maker{keepers(characterDefaults()), false, "3", makeString}, nil
	case "random:index/randomId:RandomId":
		return maker{keepers(resource.PropertyMap{"byteLength": null, "prefix": null}), false, "", makeID}, nil
	case "random:index/randomBytes:RandomBytes":
		return maker{keepers(resource.PropertyMap{"length": null}), true, "", makeBytes}, nil
	case "random:index/randomInteger:RandomInteger":
		return maker{keepers(resource.PropertyMap{"min": null, "max": null}), false, "", makeInteger}, nil
	case "random:index/randomUuid:RandomUuid", "random:index/randomUuid4:RandomUuid4":
		return maker{keepers(resource.PropertyMap{}), false, "", makeUUID4}, nil
	case "random:index/randomUuid7:RandomUuid7":
		return maker{keepers(resource.PropertyMap{}), false, "", makeUUID7}, nil
	case "random:index/randomPet:RandomPet":
		return maker{keepers(resource.PropertyMap{
			"length": resource.NewNumberProperty(2), "separator": resource.NewStringProperty("-"), "prefix": null,
		}), false, "", makePet}, nil
	case "random:index/randomShuffle:RandomShuffle":
		return maker{keepers(resource.PropertyMap{"inputs": null, "resultCount": null}), false, "", makeShuffle}, nil
	}
	return maker{}, s.NotSupported("resource type " + token)
}

// number reads a whole number; 0 where it is absent.
func number(in resource.PropertyMap, key resource.PropertyKey) int {
	if v := open(in[key]); v.IsNumber() {
		return int(v.NumberValue())
	}
	return 0
}

func word(in resource.PropertyMap, key resource.PropertyKey) string {
	if v := open(in[key]); v.IsString() {
		return v.StringValue()
	}
	return ""
}

func open(v resource.PropertyValue) resource.PropertyValue {
	for v.IsSecret() {
		v = v.SecretValue().Element
	}
	return v
}

// below draws a number from 0 to n-1, each as likely as the other.
func below(n int) (int, error) {
	drawn, err := rand.Int(rand.Reader, big.NewInt(int64(n)))
	if err != nil {
		return 0, fmt.Errorf("drawing a random number: %w", err)
	}
	return int(drawn.Int64()), nil
}

// draw makes n random bytes.
func draw(n int) ([]byte, error) {
	if n < 1 {
		return nil, fmt.Errorf("must be at least 1 byte long, got %d", n)
	}
	drawn := make([]byte, n)
	if _, err := rand.Read(drawn); err != nil {
		return nil, fmt.Errorf("drawing random bytes: %w", err)
	}
	return drawn, nil
}

func makePassword(in resource.PropertyMap) (string, resource.PropertyMap, error) {
	result, err := characters(in)
	if err != nil {
		return "", nil, err
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(result)[:min(len(result), bcryptLimit)], bcrypt.DefaultCost)
	if err != nil {
		return "", nil, errors.New("the password cannot be hashed")
	}
	return noID, resource.PropertyMap{
		"result": resource.NewStringProperty(result), "bcryptHash": resource.NewStringProperty(string(hash)),
	}, nil
}

func makeString(in resource.PropertyMap) (string, resource.PropertyMap, error) {
	result, err := characters(in)
	return result, resource.PropertyMap{"result": resource.NewStringProperty(result)}, err
}

func makeID(in resource.PropertyMap) (string, resource.PropertyMap, error) {
	drawn, err := draw(number(in, "byteLength"))
	if err != nil {
		return "", nil, fmt.Errorf("byteLength: %w", err)
	}
	prefix, id := word(in, "prefix"), base64.RawURLEncoding.EncodeToString(drawn)
	return id, resource.PropertyMap{
		"b64Std": resource.NewStringProperty(prefix + base64.StdEncoding.EncodeToString(drawn)),
		"b64Url": resource.NewStringProperty(prefix + id),
		"hex":    resource.NewStringProperty(prefix + hex.EncodeToString(drawn)),
		"dec":    resource.NewStringProperty(prefix + new(big.Int).SetBytes(drawn).String()),
	}, nil
}

func makeBytes(in resource.PropertyMap) (string, resource.PropertyMap, error) {
	drawn, err := draw(number(in, "length"))
	if err != nil {
		return "", nil, fmt.Errorf("length: %w", err)
	}
	return noID, resource.PropertyMap{
		"base64": resource.NewStringProperty(base64.StdEncoding.EncodeToString(drawn)),
		"hex":    resource.NewStringProperty(hex.EncodeToString(drawn)),
	}, nil
}

func makeInteger(in resource.PropertyMap) (string, resource.PropertyMap, error) {
	least, most := number(in, "min"), number(in, "max")
	if least > most {
		return "", nil, fmt.Errorf("max: must be at least min (%d), got %d", least, most)
	}
	drawn, err := below(most - least + 1)
	result := resource.NewNumberProperty(float64(least + drawn))
	return fmt.Sprint(least + drawn), resource.PropertyMap{"result": result}, err
}

// uuid writes 16 bytes as a UUID of a version (RFC 9562).
func uuid(b []byte, version byte) (string, resource.PropertyMap, error) {
	b[6] = b[6]&0x0f | version<<4
	b[8] = b[8]&0x3f | 0x80
	written := fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
	return written, resource.PropertyMap{"result": resource.NewStringProperty(written)}, nil
}

func makeUUID4(resource.PropertyMap) (string, resource.PropertyMap, error) {
	drawn, err := draw(16)
	if err != nil {
		return "", nil, err
	}
	return uuid(drawn, 4)
}

func makeUUID7(resource.PropertyMap) (string, resource.PropertyMap, error) {
	drawn, err := draw(16)
	if err != nil {
		return "", nil, err
	}
	now := time.Now().UnixMilli()
	for i := range 6 {
		drawn[i] = byte(now >> (8 * (5 - i)))
	}
	return uuid(drawn, 7)
}

func makePet(in resource.PropertyMap) (string, resource.PropertyMap, error) {
	count := number(in, "length")
	if count < 1 {
		return "", nil, fmt.Errorf("length: must be at least 1, got %d", count)
	}
	var words []string
	if prefix := word(in, "prefix"); prefix != "" {
		words = append(words, prefix)
	}
	for i := range count {
		list := adverbs()
		switch i {
		case count - 1:
			list = animals()
		case count - 2:
			list = adjectives()
		}
		chosen, err := below(len(list))
		if err != nil {
			return "", nil, err
		}
		words = append(words, list[chosen])
	}
	return strings.Join(words, word(in, "separator")), nil, nil
}

func makeShuffle(in resource.PropertyMap) (string, resource.PropertyMap, error) {
	given := open(in["inputs"])
	if !given.IsArray() {
		return "", nil, errors.New("inputs: must be set")
	}
	count := len(given.ArrayValue())
	if _, ok := in["resultCount"]; ok {
		count = number(in, "resultCount")
	}
	results := []resource.PropertyValue{}
	for len(results) < count && len(given.ArrayValue()) > 0 {
		rest := append([]resource.PropertyValue{}, given.ArrayValue()...)
		for len(rest) > 0 && len(results) < count {
			i, err := below(len(rest))
			if err != nil {
				return "", nil, err
			}
			results = append(results, rest[i])
			rest = append(rest[:i], rest[i+1:]...)
		}
	}
	return "-", resource.PropertyMap{"results": resource.NewArrayProperty(results)}, nil
}
