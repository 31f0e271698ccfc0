empty=""
for name in "$@"; do
  [ -n "$(printenv "$name" || true)" ] || empty="$empty $name"
done
[ -z "$empty" ] || { echo "config: empty or unset:$empty" >&2; exit 1; }
