# codex-ssh stream: the bytes of a file, out or in, for copies where there is no SFTP.
#
# Variables: FILE (the path, every byte as \ooo), WAY (read, write), OFFSET.
file=$(printf "${FILE}x")
file=${file%x}
if [ "$WAY" = write ]; then
    echo "$M ready"
    if said=$(cat 2>&1 >>"$file"); then echo "$M ok"; else echo "$M no $said"; fi
    exit
fi
[ -f "$file" ] && [ -r "$file" ] || { echo "$M it cannot be read"; exit; }
echo "$M ready"
exec tail -c "+$((OFFSET + 1))" <"$file"
