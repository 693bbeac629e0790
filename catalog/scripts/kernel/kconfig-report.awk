# What became of the lines that a kernel's configuration was asked for, and why those without effect have none.
#
# Run as: awk -v tree=DIR -v srcarch=arm64 -v arch=arm64 -v symbols=FILE -v json=FILE -v counted=FILE -f kconfig-report.awk .config ASKED
#   ASKED    a line "SOURCE<tab>CONFIG_X=VALUE" for each, in the order in which they were applied; VALUE `n` for what is not to be set
#   symbols  rows of kernels/symbols.toml that matter here: "renamed OLD NEW"
# Prints a line for each that had no effect, for those that a later one overrides, and for symbols that a whole configuration file does
# not know; the same as JSON goes into `json`. Of several lines for a symbol only the last is looked at. Those that the user can be held
# to go into `counted` too: not those of the catalog (machine.config, quirk), what nobody can set only by an option, and not the symbols of other
# architectures that a fragment of the tree (NAME.config) has.
#
# Reasons come from the tree's own Kconfig files, which are read here as scripts/kconfig does
# (https://www.kernel.org/doc/html/latest/kbuild/kconfig-language.html), without macros: what a dependency asks the compiler
# counts as met unless nothing else explains the line. For any awk and any kernel since 2.6.

function trim(s) { sub(/^[ \t]+/, "", s); sub(/[ \t\r]+$/, "", s); return s }

# ---- Kconfig files

function expand(s) {
  gsub(/\$\(SRCARCH\)|\$SRCARCH|\$\{SRCARCH\}/, srcarch, s)
  gsub(/\$\(ARCH\)|\$ARCH|\$\{ARCH\}/, arch, s)
  gsub(/\$\(srctree\)\//, "", s)
  return s
}
function unquoted(s) { s = trim(s); if (s ~ /^".*"$/ || s ~ /^'.*'$/) s = substr(s, 2, length(s) - 2); return s }

function indentation(s,   i, c, width) {
  for (i = 1; i <= length(s); i++) {
    c = substr(s, i, 1)
    if (c == "\t") width += 8 - width % 8
    else if (c == " ") width++
    else break
  }
  return width + 0
}

# What follows `if` after a prompt in quotes.
function condition_of(s,   quote, i, c) {
  s = trim(s); quote = substr(s, 1, 1)
  if (quote == "\"" || quote == "'") {
    for (i = 2; i <= length(s); i++) {
      c = substr(s, i, 1)
      if (c == "\\") i++
      else if (c == quote) break
    }
    s = substr(s, i + 1)
  }
  return match(s, /(^|[ \t])if[ \t(!]/) ? trim(substr(s, RSTART + RLENGTH - 1)) : ""
}

function both(a, b) { return a == "" ? b : b == "" ? a : a "\n" b }
function context(   i, all) { for (i = 1; i <= depth; i++) all = both(all, ctx[i]); return all }
function visible(   i, all) { for (i = 1; i <= depth; i++) all = both(all, vis[i]); return all }
function open_block(kind, expr) { depth++; ctx[depth] = expr; vis[depth] = ""; block[depth] = kind }
function innermost_choice(   i) { for (i = depth; i > 0; i--) if (block[i] ~ /^choice/) return block[i]; return "" }

function define(name) {
  entry = "config"; current = ++definitions
  of[current] = name; depends[current] = context(); prompt_if[current] = visible(); has_prompt[current] = 0
  in_choice[current] = innermost_choice()
  if (in_choice[current] != "") members[in_choice[current]] = members[in_choice[current]] " " name
  defined[name] = defined[name] " " current
}
function prompted(rest) { if (entry == "config") { has_prompt[current] = 1; prompt_if[current] = both(prompt_if[current], condition_of(rest)) } }

function parse(line,   word, rest, condition) {
  line = trim(line)
  if (line == "" || line ~ /^#/) return
  if (line !~ /["']/) sub(/[ \t]+#.*/, "", line)
  word = line; sub(/[ \t("!].*/, "", word)
  rest = trim(substr(line, length(word) + 1))
  if (word == "config" || word == "menuconfig") define(rest)
  else if (word == "choice") { open_block("choice " ++choices, ""); entry = "block" }
  else if (word == "menu") { open_block("menu", ""); entry = "block" }
  else if (word == "if") { open_block("if", rest); entry = "" }
  else if (word == "endchoice" || word == "endmenu" || word == "endif") { if (depth > 0) depth--; entry = "" }
  else if (word == "comment" || word == "mainmenu") entry = "comment"
  else if (word ~ /^o?r?source$/) { source(unquoted(rest), word ~ /^o?rsource$/); entry = "" }
  else if (word == "depends" || word == "requires") {
    sub(/^on[ \t]*/, "", rest)
    if (entry == "config") depends[current] = both(depends[current], rest)
    else if (entry == "block") ctx[depth] = both(ctx[depth], rest)
  } else if (word == "visible") { if (entry == "block") { sub(/^if[ \t]*/, "", rest); vis[depth] = both(vis[depth], rest) } }
  else if (word == "select" || word == "imply") {
    condition = condition_of(rest); sub(/[ \t].*/, "", rest)
    if (entry == "config" && word == "select") { selects[rest] = selects[rest] " " ++selections; selector[selections] = of[current]; selected_if[selections] = condition }
  } else if (word ~ /^(bool|boolean|tristate|string|hex|int)$/) {
    if (entry == "config") type[of[current]] = word
    if (rest != "") prompted(rest)
  } else if (word ~ /^def_(bool|tristate)$/) { if (entry == "config") type[of[current]] = substr(word, 5) }
  else if (word == "prompt") prompted(rest)
}

function source(name, relative,   file, line, more, level, width) {
  file = expand(name)
  if (relative) file = (reading ~ /\// ? substr(reading, 1, match(reading, /\/[^\/]*$/)) : "") file
  if (file in being_read) return
  being_read[file] = 1
  more = reading; reading = file; level = -1
  while ((getline line < (tree "/" file)) > 0) {
    if (level >= 0) {   # help: until a line that is indented less than its first
      if (line ~ /^[ \t\r]*$/) continue
      width = indentation(line)
      if (level == 0) level = width > 0 ? width : -1
      if (level > 0 && width >= level) continue
      level = -1
    }
    while (line ~ /\\[ \t\r]*$/ && (getline next_line < (tree "/" file)) > 0) { sub(/\\[ \t\r]*$/, " ", line); line = line next_line }
    if (line ~ /^[ \t]*(---help---|help)[ \t\r]*$/) level = 0
    else parse(line)
  }
  close(tree "/" file)
  reading = more
  delete being_read[file]
}

# ---- expressions: 2 y, 1 m, 0 n

function tristate(name) { return name == "y" ? 2 : name == "m" ? 1 : name in got ? (got[name] == "y" ? 2 : got[name] == "m" ? 1 : 0) : 0 }
function text(word) { return word ~ /^["']/ ? unquoted(word) : word in got ? unquoted(got[word]) : word in defined ? "n" : word }
function next_token(   open, i, c) {
  sub(/^[ \t]+/, "", E)
  if (E ~ /^(&&|\|\||!=|<=|>=)/) i = 2
  else if (E ~ /^[=<>!()]/) i = 1
  else if (substr(E, 1, 2) == "$(") {   # a macro, with what is in its parentheses
    for (i = 2; i <= length(E); i++) {
      c = substr(E, i, 1)
      if (c == "(") open++
      else if (c == ")" && --open == 0) break
    }
  } else if (match(E, /^"[^"]*"|^'[^']*'|^[A-Za-z0-9_.\/-]+/)) i = RLENGTH
  else i = 1
  T = substr(E, 1, i); E = substr(E, i + 1)
}
function e_primary(   value, word, op, a, b) {
  if (T == "!") { next_token(); return 2 - e_primary() }
  if (T == "(") { next_token(); value = e_or(); if (T == ")") next_token(); return value }
  word = expand(T); next_token()
  if (T ~ /^(=|!=|<|>|<=|>=)$/) {
    op = T; next_token(); a = text(word); b = text(expand(T)); next_token()
    if (op == "=") return a == b ? 2 : 0
    if (op == "!=") return a != b ? 2 : 0
    a += 0; b += 0
    return (op == "<" ? a < b : op == ">" ? a > b : op == "<=" ? a <= b : a >= b) ? 2 : 0
  }
  return word ~ /^\$/ ? macros : tristate(unquoted(word))
}
function e_and(   a, b) { a = e_primary(); while (T == "&&") { next_token(); b = e_primary(); if (b < a) a = b } return a }
function e_or(   a, b) { a = e_and(); while (T == "||") { next_token(); b = e_and(); if (b > a) a = b } return a }
function value_of(expr) { if (expr == "") return 2; E = expr; next_token(); return e_or() }

# The first part of a conjunction that is less than `want`, or "".
function unmet(expr, want,   rest, part, i, c, level, quote, parts, n, either) {
  n = split(expr, parts, "\n")
  if (n > 1) {
    for (i = 1; i <= n; i++) if ((part = unmet(parts[i], want)) != "") return part
    return ""
  }
  expr = trim(expr)
  if (value_of(expr) >= want) return ""
  n = 0; part = ""
  for (i = 1; i <= length(expr); i++) {
    c = substr(expr, i, 1)
    if (c == "\"") quote = !quote
    if (!quote && c == "(") level++
    if (!quote && c == ")") level--
    if (!quote && !level && substr(expr, i, 2) == "||") either = 1
    if (!quote && !level && substr(expr, i, 2) == "&&") { parts[++n] = part; part = ""; i++ } else part = part c
  }
  parts[++n] = part
  if (either) return expr
  if (n == 1) return substr(expr, 1, 1) == "(" && closes_at_end(expr) ? unmet(substr(expr, 2, length(expr) - 2), want) : expr
  for (i = 1; i <= n; i++) if ((part = unmet(parts[i], want)) != "") return part
  return expr
}
function closes_at_end(expr,   i, c, level) {
  for (i = 1; i <= length(expr); i++) {
    c = substr(expr, i, 1)
    if (c == "(") level++
    if (c == ")" && --level == 0) return i == length(expr)
  }
  return 0
}

# ---- why a line had no effect: KIND and REASON

function because(kind, reason) { KIND = kind; REASON = reason }

# What an unmet dependency itself wants, one step further.
function further(part,   list, n, i, why) {
  if (part !~ /^[A-Za-z0-9_]+$/) return ""
  if (!(part in defined)) return " (no such symbol)"
  n = split(defined[part], list, " ")
  for (i = 1; i <= n; i++) if ((why = unmet(depends[list[i]], 1)) == "") return ""
  return " (which wants " why ")"
}

function explain(name, wanted, value,   list, n, i, here, part, want, found, other) {
  if (!(name in defined)) {
    if (name in renamed && renamed[name] in defined) return because("renamed", "no such symbol: renamed to " renamed[name])
    return because("unknown", "no such symbol")
  }
  n = split(defined[name], list, " ")
  want = wanted == "y" && type[name] == "tristate" ? 2 : 1
  for (macros = 2; macros >= 0; macros -= 2) {
    found = ""
    for (i = 1; i <= n; i++) {
      here = list[i]
      if (!has_prompt[here]) continue
      part = unmet(both(depends[here], prompt_if[here]), want)
      if (part == "") break
      if (found == "") found = part
    }
    if (i <= n) { found = ""; if (macros == 2) continue }   # one of its prompts can be answered
    if (found != "") break
  }
  if (wanted == "n" || wanted == "m") {
    n = split(selects[name], list, " ")
    for (i = 1; i <= n; i++) {
      macros = 2
      if (value_of(selected_if[list[i]]) && tristate(selector[list[i]])) return because("selected", "selected by " selector[list[i]])
    }
  }
  if (found != "") return because("dependency", "dependency missing: " found (value_of(found) == 1 ? " (which is m)" : further(found)))
  n = split(defined[name], list, " ")
  for (i = 1; i <= n; i++) if (has_prompt[list[i]]) break
  if (i > n) return because("computed", "it has no prompt: the kernel or the compiler answers it")
  if (in_choice[list[i]] != "") {
    n = split(members[in_choice[list[i]]], list, " ")
    for (i = 1; i <= n; i++) if (list[i] != name && tristate(list[i]) == 2) other = list[i]
    if (other != "") return because("choice", "its choice has " other)
  }
  if (wanted == "m" && type[name] ~ /^bool/) return because("type", "it is a bool, which has no m")
  if (wanted == "m" && !tristate("MODULES")) return because("dependency", "dependency missing: MODULES")
  if (type[name] !~ /^(bool|tristate)/ && wanted ~ /^[ymn]$/) return because("type", "it is of type " type[name])
  return because("other", "Kconfig has not taken it")
}

# ---- input and output

function quoted(s,   i, c, out) {   # a JSON string
  for (i = 1; i <= length(s); i++) {
    c = substr(s, i, 1)
    out = out (c == "\\" || c == "\"" ? "\\" c : c == "\t" ? "\\t" : c < " " || c > "~" ? "?" : c)
  }
  return "\"" out "\""
}
function plain(value) { sub(/^0[xX]/, "", value); return tolower(value) }
function shown(value) { return value == "n" ? "it is not set" : "it is " value }

FNR == 1 { file++ }
file == 1 && /^CONFIG_/ { i = index($0, "="); name = substr($0, 8, i - 8); got[name] = substr($0, i + 1); order[++answers] = name }
file == 2 {
  i = index($0, "\t"); j = index($0, "=")
  from = substr($0, 1, i - 1); name = substr($0, i + 8, j - i - 8); value = substr($0, j + 1)
  if (from == "file") whole = 1
  known[name] = 1
  lines++
  if (name in last && asked[last[name]] != value) overridden[last[name]] = 1
  if (name in last) superseded[last[name]] = lines
  sources[lines] = from; symbol[lines] = name; asked[lines] = value; last[name] = lines
}
END {
  while ((getline line < symbols) > 0) if (split(line, words, " ") == 3 && words[1] == "renamed") renamed[words[2]] = words[3]
  for (i = 1; i <= lines; i++) {
    if (i in superseded) continue
    name = symbol[i]; value = name in got ? got[name] : "n"
    met = value == asked[i] || (value ~ /^0[xX]/ && plain(value) == plain(asked[i])) || (value == "n" && asked[i] == "\"\"")
    if (!met) unmet_lines[++dropped] = i
  }
  if (dropped) {
    source("Kconfig", 0)
    if (!definitions) source("arch/" srcarch "/Kconfig", 0)   # before 2.6.37 no file stood above it
  }
  printf "{\"lines\":[" > json
  for (k = 1; k <= dropped; k++) {
    i = unmet_lines[k]; name = symbol[i]; value = name in got ? got[name] : "n"
    explain(name, asked[i], value)
    absent = KIND == "unknown" || KIND == "renamed"
    users = sources[i] !~ /^(machine\.config|quirk)$/ && (KIND != "computed" || sources[i] == "option") && (KIND != "unknown" || sources[i] !~ /\.config$/)
    said = sources[i] ": CONFIG_" name "=" asked[i] " did not take effect: " (absent ? "" : shown(value) ": ") REASON
    print said
    if (users) print said > counted
    printf("%s{\"source\":%s,\"symbol\":%s,\"asked\":%s,\"value\":%s,\"kind\":%s,\"reason\":%s,\"counted\":%s}", k > 1 ? "," : "", quoted(sources[i]), quoted(name), \
      quoted(asked[i]), absent ? "null" : quoted(value), quoted(KIND), quoted(REASON), users ? "true" : "false") > json
  }
  for (i = 1; i <= lines; i++)
    if (i in overridden) {
      j = last[symbol[i]]
      print sources[i] ": CONFIG_" symbol[i] "=" asked[i] " is overridden by " sources[j] ": CONFIG_" symbol[j] "=" asked[j]
    }
  printf "],\"new\":[" > json
  for (i = 1; whole && i <= answers; i++)
    if (!(order[i] in known)) {
      print "CONFIG_" order[i] "=" got[order[i]] " is new"
      printf("%s%s", news++ ? "," : "", quoted("CONFIG_" order[i] "=" got[order[i]])) > json
    }
  print "]}" > json
  close(json)
}
