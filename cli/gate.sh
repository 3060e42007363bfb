# shellcheck shell=sh
# verify_agent_token <token> [--scope <scope>] [--tier <name>] [--audience <name>] [--accept-unproven]
#
# For scripts of bash, dash and other POSIX shells: source this file, then
#
#   verify_agent_token "$AGENT_TOKEN" || exit 1
#
# It prints "[gate] agent <id> authorized" and returns 0, or "[gate] BLOCKED: invalid token — <code>" on
# standard error and returns 1. It asks a server (swarmgate gate --serve) where one of yours runs, without
# starting anything; otherwise it starts the gate once. The token is never an argument of a process, never
# part of a program's text, and never on disk.
#
# YAMTAM_AGENT_PUBKEY (SPKI PEM), SWARMGATE_JWKS and the other variables of "swarmgate gate --help" count.
# SWARMGATE_COMMAND names the command where it is neither beside this file nor in PATH.

# Only bash says where a sourced file lies; dash must not even read the expansion
__swarmgate_beside=''
if [ -n "${BASH_VERSION-}" ]; then
  \eval '__swarmgate_beside=${BASH_SOURCE[0]%/*}'
  case $__swarmgate_beside in
    /*) ;;
    */* | .*) __swarmgate_beside=$PWD/$__swarmgate_beside ;;
    *) __swarmgate_beside=$PWD ;;
  esac
fi

# In a subshell: no option, variable, trap or file descriptor of the script is changed. What the script has
# called like a word of the shell must not decide either: a backslash keeps aliases away, and bash finds its
# own special words before functions once this variable is set.
verify_agent_token() (
  POSIXLY_CORRECT=y
  \set +a +x +e +u +f +C
  \unset -f printf read true command
  \unset IFS
  LC_ALL=C
  \trap '' PIPE
  case ${BASH_VERSION-} in ?*) \trap - ERR DEBUG RETURN && \unset -f '[' ;; esac
  __swarmgate_check "$@"
  __swarmgate_answer=$(__swarmgate_ask "$@" 2>/dev/null)
  case $__swarmgate_answer in
    'authorized '*)
      \printf '[gate] agent %s authorized\n' "${__swarmgate_answer#authorized }"
      \exit 0
      ;;
    'blocked '*)
      __swarmgate_blocked "${__swarmgate_answer#blocked }"
      ;;
  esac
  __swarmgate_start "$@"
)

# What needs no key to be refused: text that is no token goes nowhere, and no option but these few, since
# others, such as --help, would have the gate succeed at something else.
__swarmgate_check() {
  case ${1-} in
    '')
      __swarmgate_blocked token_missing
      ;;
    *[!A-Za-z0-9._-]*)
      [ "${#1}" -gt 2048 ] || __swarmgate_blocked token_malformed
      ;;
  esac
  \shift
  while [ "$#" -gt 0 ]; do
    case $1 in
      --accept-unproven) ;;
      --scope | --tier | --audience)
        case ${2-} in '' | -*) __swarmgate_blocked usage "$1 needs a value" ;; esac
        \shift
        ;;
      *)
        __swarmgate_blocked usage 'verify_agent_token takes a token, --scope, --tier, --audience, --accept-unproven'
        ;;
    esac
    \shift
  done
}

__swarmgate_blocked() {
  \printf '[gate] BLOCKED: invalid token — %s\n' "$1" >&2
  [ "$#" -eq 1 ] || \printf '[gate] %s\n' "$2" >&2
  \exit 1
}

# Starts the gate, with the token on its standard input. Anything but 0 is a refusal.
__swarmgate_start() {
  __swarmgate_token=$1
  \shift
  if [ -n "${SWARMGATE_COMMAND-}" ]; then
    __swarmgate_command=$SWARMGATE_COMMAND
  elif [ -n "$__swarmgate_beside" ] && [ -x "$__swarmgate_beside/main.js" ]; then
    __swarmgate_command=$__swarmgate_beside/main.js
  else
    __swarmgate_command=$(\command -v swarmgate) ||
      __swarmgate_blocked gate_missing 'there is no command "swarmgate": set SWARMGATE_COMMAND to its path'
  fi
  # The environment of a process can be read too, if only by its own user
  \unset SWARMGATE_TOKEN
  { \printf '%s' "$__swarmgate_token" 2>/dev/null || :; } |
    "$__swarmgate_command" gate --token-file - "$@" || \exit 1
}

# Asks the server with what the shell has built in, and prints its answer; prints nothing where there is
# no server, no free place, or anything that only the gate itself can judge.
__swarmgate_ask() {
  case ${XDG_STATE_HOME-} in
    /*) __swarmgate_dir=$XDG_STATE_HOME/swarmgate/gate ;;
    *) __swarmgate_dir=${HOME:?}/.local/state/swarmgate/gate ;;
  esac
  __swarmgate_dir=${SWARMGATE_GATE_DIR:-$__swarmgate_dir}
  [ -O "$__swarmgate_dir" ] && [ -O "$__swarmgate_dir/ask" ] || \exit 1

  case $1 in *[!A-Za-z0-9._-]*) \exit 1 ;; esac
  [ "${#1}" -le 4096 ] || \exit 1
  __swarmgate_line="token=$1"
  \shift
  while [ "$#" -gt 0 ]; do
    case $1 in
      --accept-unproven) __swarmgate_line="$__swarmgate_line accept-unproven=yes" ;;
      --scope | --tier | --audience)
        case ${2-} in *[!A-Za-z0-9._:@/*-]*) \exit 1 ;; esac
        __swarmgate_line="$__swarmgate_line ${1#--}=$2"
        \shift
        ;;
      *) \exit 1 ;;
    esac
    \shift
  done
  if [ -n "${SWARMGATE_PROOF-}" ]; then
    case $SWARMGATE_PROOF in *[!A-Za-z0-9._-]*) \exit 1 ;; esac
    [ "${#SWARMGATE_PROOF}" -le 4096 ] || \exit 1
    __swarmgate_line="$__swarmgate_line proof=$SWARMGATE_PROOF"
  fi

  # Another key, issuer or audience than the server's is for the gate itself to judge by
  for __swarmgate_name in YAMTAM_AGENT_PUBKEY SWARMGATE_AUDIENCE SWARMGATE_JWKS SWARMGATE_ISSUER \
    SWARMGATE_PROFILE SWARMGATE_ALGORITHMS SWARMGATE_TIERS SWARMGATE_URL SWARMGATE_REVOCATIONS \
    SWARMGATE_REVOCATION_AGE SWARMGATE_KEYS_AGE; do
    \eval "__swarmgate_value=\${$__swarmgate_name-}"
    [ -n "$__swarmgate_value" ] || continue
    __swarmgate_text=''
    while IFS= \read -r __swarmgate_part; do
      __swarmgate_text="$__swarmgate_text$__swarmgate_part
"
    done <"$__swarmgate_dir/settings/$__swarmgate_name"
    [ "$__swarmgate_text" = "$__swarmgate_value
" ] || \exit 1
  done

  # A place is two pipes that the server holds open, for one question. Who makes its lock has it.
  \set -C
  for __swarmgate_ask in "$__swarmgate_dir"/ask/*.q; do
    __swarmgate_place=${__swarmgate_ask%.q}
    [ -p "$__swarmgate_ask" ] && [ ! -e "$__swarmgate_place.lock" ] || continue
    { \true >"$__swarmgate_place.lock"; } 2>/dev/null || continue
    # Opened for both first, which never waits; without its own other end, a pipe whose server has
    # died answers at once: the write fails, the read is at its end
    \exec 3<>"$__swarmgate_place.a" 4<"$__swarmgate_place.a" 3>&-
    \exec 3<>"$__swarmgate_ask" 5>"$__swarmgate_ask" 3>&-
    \printf '%s\n' "$__swarmgate_line" >&5 || \exit 1
    \exec 5>&-
    IFS= \read -r __swarmgate_said <&4 || \exit 1
    case $__swarmgate_said in
      'authorized '* | 'blocked '*) ;;
      *) \exit 1 ;;
    esac
    case ${__swarmgate_said#* } in '' | *[!A-Za-z0-9._:@/-]*) \exit 1 ;; esac
    \printf '%s\n' "$__swarmgate_said"
    \exit 0
  done
  \exit 1
}
