# SPDX-License-Identifier: GPL-2.0
#
# What all figures have in common.  draw.sh has these in the environment:
#
#	ANALYZE	path of bench/analyze
#	CSV	what memcg_bench wrote
#	STATS	what bench/analyze made of it
#	FIGURE	path of the figure, without .svg or .png
#	WHERE	a line that says on what it was measured

given(name) = system("printf %s \"$".name."\"")
analyze = given("ANALYZE")
csv = given("CSV")
stats = given("STATS")
output = given("FIGURE")
where = given("WHERE")

# a word for the shell, which may have a quote in it
inner(word) = strstrt(word, "'") == 0 ? word : word[1:strstrt(word, "'") - 1]."'\\''" \
	.inner(word[strstrt(word, "'") + 1:*])
quote(word) = "'".inner(word)."'"

# What analyze says of a CSV.  Names of columns and levels have no blanks in them.
say(options, file) = quote(analyze)." ".options." ".quote(file)
# of its "# KEY: VALUE" lines
meta(key) = system(say("--meta=".key, csv))
# the levels of a factor, as a list of words
levels(key) = system(say("--meta=".key, csv)." | tr , ' '")
# rows of a file, as data; in the conditions, words like COLUMN=LEVEL
where_options(conditions, n) = n == 0 ? "" : \
	where_options(conditions, n - 1)." --where='".word(conditions, n)."'"
rows_where(file, conditions) = "< ".say("--show=rows --format=csv". \
	where_options(conditions, words(conditions)), file)

set datafile separator comma
set encoding utf8
axes = 'set border 3 lw 1.2 lc rgb "#404040"; ' \
	.'set tics nomirror out scale 0.6 textcolor rgb "#202020"; ' \
	.'set xtics nomirror; set ytics nomirror; ' \
	.'set grid lc rgb "#d8d8d8" lw 0.8 dt 1'
eval axes
set key top left reverse Left samplen 1.5 spacing 1.2 noenhanced
set bars 0.6

# The colours of Okabe and Ito, which the colour-blind can tell apart.
blue = "#0072B2"
orange = "#E69F00"
red = "#D55E00"
green = "#009E73"
sky = "#56B4E9"
purple = "#CC79A7"
grey = "#808080"
black = "#202020"

# terminals: each figure is drawn with two
svg = "svg size 800,520 dynamic noenhanced font 'sans-serif,15' background rgb 'white'"
png = "pngcairo size 1200,780 noenhanced font 'sans-serif,17' background rgb 'white'"
# for several panels, one below the other; as a PNG it has more pixels
svg_of(width, height) = sprintf("svg size %d,%d dynamic noenhanced font 'sans-serif,14' background rgb 'white'", width, height)
png_of(width, height) = sprintf("pngcairo size %d,%d noenhanced font 'sans-serif,16' background rgb 'white'", width * 1.35, height * 1.35)
large_svg = svg_of(1000, 840)
large_png = png_of(1000, 840)
