# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What scripts here do is the same in the shell of anybody: each takes these from here.

# Numbers, the order of names, and the messages of tools that are read
export LC_ALL=C
unset LANGUAGE

# An ordinary user of Debian does not have the folders of mkfs.ext4 on PATH.
[[ :$PATH: == *:/usr/sbin:* ]] || export PATH=${PATH:+$PATH:}/usr/local/sbin:/usr/sbin:/sbin

# These are options of tools that we run.  A git hook that runs us has those of git.
unset CDPATH POSIXLY_CORRECT GREP_OPTIONS TAR_OPTIONS
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_PREFIX GIT_COMMON_DIR GIT_NAMESPACE
unset GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES

# Options of a shell that exports SHELLOPTS: redirections overwrite files here, and * matches.
set +o noclobber +o noglob +o allexport +o posix
export -n SHELLOPTS BASHOPTS
