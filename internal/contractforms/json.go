package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// encodeJSON writes a YAML value as JSON and keeps the order of its members.
func encodeJSON(node *yaml.Node) ([]byte, error) {
	var compact, out bytes.Buffer
	if err := appendJSON(&compact, node); err != nil {
		return nil, err
	}
	if err := json.Indent(&out, compact.Bytes(), "", "  "); err != nil {
		return nil, err
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

func appendJSON(out *bytes.Buffer, node *yaml.Node) error {
	switch node.Kind {
	case yaml.MappingNode:
		out.WriteByte('{')
		for i := 0; i < len(node.Content); i += 2 {
			separate(out, i)
			if err := appendValue(out, node.Content[i].Value); err != nil {
				return err
			}
			out.WriteByte(':')
			if err := appendJSON(out, node.Content[i+1]); err != nil {
				return err
			}
		}
		out.WriteByte('}')
	case yaml.SequenceNode:
		out.WriteByte('[')
		for i, element := range node.Content {
			separate(out, i)
			if err := appendJSON(out, element); err != nil {
				return err
			}
		}
		out.WriteByte(']')
	case yaml.ScalarNode:
		var value any
		if err := node.Decode(&value); err != nil {
			return err
		}
		return appendValue(out, value)
	default:
		return fmt.Errorf("line %d: a YAML node that JSON cannot express, expected a mapping, sequence or scalar", node.Line)
	}
	return nil
}

func separate(out *bytes.Buffer, i int) {
	if i > 0 {
		out.WriteByte(',')
	}
}

func appendValue(out *bytes.Buffer, value any) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}

// jsonSchema writes the schemas of the contract as one JSON Schema document,
// each under its name in $defs.
func jsonSchema(root *yaml.Node) ([]byte, error) {
	info, schemas := member(root, "info"), member(member(root, "components"), "schemas")
	defs := &yaml.Node{Kind: yaml.MappingNode}
	for i := 0; i < len(schemas.Content); i += 2 {
		defs.Content = append(defs.Content, schemas.Content[i], schema(schemas.Content[i+1]))
	}
	return encodeJSON(object(
		"$schema", text("https://json-schema.org/draft/2020-12/schema"),
		"title", member(info, "title"),
		"description", text("The messages of the contract, version "+member(info, "version").Value+
			", each under its name in $defs. Derived from openapi.yaml by go generate."),
		"$defs", defs,
	))
}

// schema converts a schema of OpenAPI 3.0 to JSON Schema 2020-12. The two
// differ in the place of referenced schemas and in the form of examples; and a
// schema without a type accepts null only in JSON Schema.
func schema(node *yaml.Node) *yaml.Node {
	if node.Kind != yaml.MappingNode {
		return node
	}
	var pairs []any
	open := true
	for i := 0; i < len(node.Content); i += 2 {
		key, value := node.Content[i].Value, node.Content[i+1]
		switch key {
		case "$ref":
			value = text(strings.Replace(value.Value, "#/components/schemas/", "#/$defs/", 1))
		case "example":
			key, value = "examples", &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{value}}
		case "items", "not", "additionalProperties":
			value = schema(value)
		case "oneOf", "anyOf", "allOf", "properties":
			value = each(value)
		}
		open = open && (key == "description" || key == "examples")
		pairs = append(pairs, key, value)
	}
	if open {
		pairs = append(pairs, "not", object("type", text("null")))
	}
	return object(pairs...)
}

// each applies schema to the elements of a list or to the values of a mapping.
func each(node *yaml.Node) *yaml.Node {
	result := &yaml.Node{Kind: node.Kind, Content: slices.Clone(node.Content)}
	for i := range result.Content {
		if node.Kind == yaml.SequenceNode || i%2 == 1 {
			result.Content[i] = schema(result.Content[i])
		}
	}
	return result
}

// object returns a mapping of alternating names and nodes.
func object(pairs ...any) *yaml.Node {
	node := &yaml.Node{Kind: yaml.MappingNode}
	for i := 0; i < len(pairs); i += 2 {
		node.Content = append(node.Content, text(pairs[i].(string)), pairs[i+1].(*yaml.Node))
	}
	return node
}

func text(value string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value}
}

// member returns the value of a member, or an empty node if it is absent.
func member(node *yaml.Node, name string) *yaml.Node {
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == name {
			return node.Content[i+1]
		}
	}
	return new(yaml.Node)
}
