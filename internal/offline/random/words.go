package random

import "strings"

func adverbs() []string {
	return strings.Fields("barely boldly briefly brightly calmly daily deeply eagerly easily evenly fairly firmly " +
		"freely gently gladly greatly jointly kindly lightly loudly mainly merely mildly mostly " +
		"neatly newly openly partly plainly politely quickly quietly rarely richly safely sharply " +
		"slowly softly solely surely swiftly truly vastly warmly wisely")
}

func adjectives() []string {
	return strings.Fields("able agile amber ample apt bold brave brief bright brisk calm candid clear clever cosy " +
		"crisp daring deft eager early even exact fair fast fine firm fond frank free fresh " +
		"gentle glad grand green happy hardy honest humble ideal jolly keen kind large light " +
		"lively lucky mellow merry mild neat noble patient placid plain proud quick quiet rapid " +
		"ready robust rosy round silent simple smart smooth snug solid steady stout strong sunny " +
		"swift tidy tough upbeat valid vivid warm wise witty young")
}

func animals() []string {
	return strings.Fields("adder ant badger bat bear beaver bee bison boar bream buck camel carp cat chough cod " +
		"colt crab crane cricket crow cub deer dingo dog dove duck eagle eel egret elk emu ewe " +
		"falcon ferret finch fox frog gecko gnu goat goose grouse gull hare hawk hen heron hippo " +
		"horse hound ibex ibis jackal jay kite kiwi koala lamb lark lemur lion lizard llama lynx " +
		"magpie mantis marten mole moose moth mouse mule newt okapi orca otter owl ox oyster " +
		"panda parrot perch pike pony puffin quail rabbit ram raven rook salmon seal shrew skunk " +
		"sloth snail sparrow squid stag stoat stork swan swift tapir tern thrush tiger toad trout " +
		"tuna turtle viper vole walrus wasp whale wolf wren yak zebra")
}
