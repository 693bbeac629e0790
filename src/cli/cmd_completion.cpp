// swage completion: prints a script that makes a shell complete swage's words. The script knows how that shell is told
// of words; which they are it asks `swage complete-words`, so a script never lags behind the program.
#include <fmt/format.h>
#include <memory>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/output.hpp"

namespace swage {

namespace {

// readline breaks words at = and @ too: they are put together again before swage sees them, and of an answer only what
// stands for the part that readline has in hand ($2) is given back.
constexpr const char* bash_script = R"(# bash completion of swage
_swage() {
  local -a words=()
  local word rest=$COMP_LINE i
  for ((i = 0; i <= COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if ((i == 0)) || [[ $rest == [[:space:]]* ]]; then words+=("$word"); else words[-1]+=$word; fi
    rest=${rest#"${rest%%[![:space:]]*}"}
    rest=${rest#"$word"}
  done
  local begun=${words[-1]} broken= line also=
  if [[ $begun == *"$2" ]]; then broken=${begun%"$2"}; fi
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :*) also=${line#:} ;;
      *) COMPREPLY+=("${line%%$'\t'*}") ;;
    esac
  done < <("${words[0]/#\~/$HOME}" complete-words "${words[@]:1}" 2>/dev/null)
  if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *[@=,:] ]]; then compopt -o nospace 2>/dev/null; fi
  COMPREPLY=("${COMPREPLY[@]#"$broken"}")
  local path=$begun
  [[ $begun == --*=* ]] && path=${begun#*=}
  if [[ $also == files ]]; then
    while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$path")
    compopt -o filenames 2>/dev/null
  elif [[ $also == directories ]]; then
    while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -d -- "$path")
    compopt -o filenames 2>/dev/null
  fi
}
complete -F _swage swage
)";

constexpr const char* zsh_script = R"(#compdef swage
# zsh completion of swage
_swage() {
  local line also word
  local -a plain open
  while IFS= read -r line; do
    case $line in
      :*) also=${line#:} ;;
      *)
        word=${line%%$'\t'*}
        word="${word//:/\\:}:${line#*$'\t'}"
        case ${line%%$'\t'*} in
          *[@=,]) open+=("$word") ;;
          *) plain+=("$word") ;;
        esac ;;
    esac
  done < <("${(Q)words[1]/#\~/$HOME}" complete-words "${(@Q)words[2,CURRENT]}" 2>/dev/null)
  local found=1
  (( $#plain )) && _describe -t words 'swage' plain && found=0
  (( $#open )) && _describe -t words 'swage' open -S '' && found=0
  case $also in
    files) compset -P '--*='; _files && found=0 ;;
    directories) compset -P '--*='; _files -/ && found=0 ;;
  esac
  return found
}
if [ "$funcstack[1]" = _swage ]; then _swage "$@"; else compdef _swage swage; fi
)";

constexpr const char* fish_script = R"(# fish completion of swage
function __swage_complete
    set -l words (commandline -opc)
    set -l begun (commandline -ct)
    set -l program (string replace -r '^~' $HOME -- $words[1])
    for line in ($program complete-words $words[2..-1] "$begun" 2>/dev/null)
        switch $line
            case ':files'
                __fish_complete_path (string replace -r -- '^--[^=]*=' '' $begun)
            case ':directories'
                __fish_complete_directories (string replace -r -- '^--[^=]*=' '' $begun) ''
            case '*'
                printf '%s\n' $line
        end
    end
end
complete -c swage -e
complete -c swage -f -a '(__swage_complete)'
)";

struct CompletionScript {
  std::string_view shell;
  const char* text;
};
constexpr CompletionScript completion_scripts[] = {{"bash", bash_script}, {"zsh", zsh_script}, {"fish", fish_script}};

Result<int> run(const std::string& shell) {
  std::vector<std::string> known;
  for (const CompletionScript& script : completion_scripts) {
    if (script.shell == shell) return print_text(script.text), 0;
    known.emplace_back(script.shell);
  }
  return Fail(Error{.what = fmt::format("'{}' is not a shell that swage has completions for", shell),
                    .notes = {fmt::format("known: {}", join(known, ", "))},
                    .hint = did_you_mean(shell, known)});
}

}  // namespace

Action declare_completion(const Options& app) {
  auto shell = std::make_shared<std::string>();
  app.add_option("SHELL", *shell, "bash, zsh or fish").required();
  return [shell](Session&) { return run(*shell); };
}

}  // namespace swage
