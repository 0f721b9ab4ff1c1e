"""Parses PowerShell scripts with two grammars of tree-sitter.

On standard input: a JSON object, name -> script. On standard output: a JSON list
of "name:line: what", for what both grammars refuse. Each of them alone refuses
some good scripts, and at different places.
"""

import json
import sys

import tree_sitter
import tree_sitter_powershell
import tree_sitter_pwsh


def problems(grammar, name, script):
    """Lists the innermost nodes that a grammar could not read or had to make up."""
    raw = script.encode()
    found = []

    def visit(node):
        before = len(found)
        for child in node.children:
            if child.has_error:
                visit(child)
        at = f"{name}:{node.start_point[0] + 1}: "
        if node.is_missing:
            found.append(at + f"{node.type} is missing")
        elif node.is_error and len(found) == before:
            text = raw[node.start_byte:node.end_byte].decode(errors="replace").strip()
            found.append(at + "cannot read " + text[:60])

    root = tree_sitter.Parser(tree_sitter.Language(grammar.language())).parse(raw).root_node
    if root.has_error:
        visit(root)
    return found


def main():
    found = []
    for name, script in json.load(sys.stdin).items():
        both = [problems(g, name, script) for g in (tree_sitter_powershell, tree_sitter_pwsh)]
        if all(both):
            found += both[0]
    json.dump(found, sys.stdout)


main()
