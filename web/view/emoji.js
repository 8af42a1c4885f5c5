/**
 * The `:shortcode:` names of common emoji.
 *
 * @module
 */

const TABLE = `
grinning 😀 smiley 😃 smile 😄 grin 😁 laughing 😆 sweat_smile 😅 rofl 🤣 joy 😂 slightly_smiling_face 🙂
upside_down_face 🙃 wink 😉 blush 😊 innocent 😇 smiling_face_with_three_hearts 🥰 heart_eyes 😍 star_struck 🤩
kissing_heart 😘 yum 😋 stuck_out_tongue 😛 zany_face 🤪 money_mouth_face 🤑 hugs 🤗 shushing_face 🤫
thinking 🤔 zipper_mouth_face 🤐 raised_eyebrow 🤨 neutral_face 😐 expressionless 😑 no_mouth 😶 smirk 😏
unamused 😒 roll_eyes 🙄 grimacing 😬 relieved 😌 pensive 😔 sleepy 😪 drooling_face 🤤 sleeping 😴 mask 😷
face_with_thermometer 🤒 nauseated_face 🤢 sneezing_face 🤧 hot_face 🥵 cold_face 🥶 dizzy_face 😵
exploding_head 🤯 cowboy_hat_face 🤠 partying_face 🥳 sunglasses 😎 nerd_face 🤓 monocle_face 🧐 confused 😕
worried 😟 slightly_frowning_face 🙁 open_mouth 😮 hushed 😯 astonished 😲 flushed 😳 pleading_face 🥺
fearful 😨 cold_sweat 😰 cry 😢 sob 😭 scream 😱 confounded 😖 disappointed 😞 sweat 😓 weary 😩 tired_face 😫
yawning_face 🥱 triumph 😤 rage 😡 angry 😠 smiling_imp 😈 skull 💀 poop 💩 clown_face 🤡 ghost 👻 alien 👽
robot 🤖 smiley_cat 😺 see_no_evil 🙈 hear_no_evil 🙉 speak_no_evil 🙊 kiss 💋 broken_heart 💔 heart ❤️
orange_heart 🧡 yellow_heart 💛 green_heart 💚 blue_heart 💙 purple_heart 💜 black_heart 🖤 white_heart 🤍
sparkling_heart 💖 two_hearts 💕 100 💯 anger 💢 boom 💥 collision 💥 dizzy 💫 sweat_drops 💦 dash 💨 zzz 💤
wave 👋 raised_hand ✋ vulcan_salute 🖖 ok_hand 👌 pinched_fingers 🤌 v ✌️ crossed_fingers 🤞 metal 🤘
call_me_hand 🤙 point_left 👈 point_right 👉 point_up ☝️ point_down 👇 +1 👍 thumbsup 👍 -1 👎 thumbsdown 👎
fist ✊ facepunch 👊 clap 👏 raised_hands 🙌 open_hands 👐 handshake 🤝 pray 🙏 writing_hand ✍️ muscle 💪
ear 👂 eyes 👀 brain 🧠 baby 👶 shrug 🤷 facepalm 🤦 bow 🙇 dancer 💃 runner 🏃 family 👪 dog 🐶 cat 🐱
mouse 🐭 rabbit 🐰 fox_face 🦊 bear 🐻 panda_face 🐼 tiger 🐯 lion 🦁 cow 🐮 pig 🐷 frog 🐸 monkey 🐒 chicken 🐔
penguin 🐧 bird 🐦 owl 🦉 wolf 🐺 unicorn 🦄 bee 🐝 bug 🐛 butterfly 🦋 snail 🐌 crab 🦀 turtle 🐢 snake 🐍
octopus 🐙 fish 🐟 dolphin 🐬 whale 🐳 elephant 🐘 bouquet 💐 cherry_blossom 🌸 rose 🌹 sunflower 🌻 tulip 🌷
seedling 🌱 evergreen_tree 🌲 palm_tree 🌴 cactus 🌵 four_leaf_clover 🍀 maple_leaf 🍁 mushroom 🍄 apple 🍎
banana 🍌 watermelon 🍉 strawberry 🍓 peach 🍑 pineapple 🍍 avocado 🥑 tomato 🍅 corn 🌽 bread 🍞 croissant 🥐
cheese 🧀 egg 🥚 bacon 🥓 hamburger 🍔 fries 🍟 pizza 🍕 taco 🌮 burrito 🌯 ramen 🍜 sushi 🍣 icecream 🍦
doughnut 🍩 cookie 🍪 birthday 🎂 cake 🍰 chocolate_bar 🍫 popcorn 🍿 coffee ☕ tea 🍵 wine_glass 🍷 cocktail 🍸
beer 🍺 beers 🍻 champagne 🍾 earth_africa 🌍 earth_americas 🌎 mountain ⛰️ camping 🏕️ beach_umbrella 🏖️
house 🏠 office 🏢 hospital 🏥 school 🏫 train 🚆 bus 🚌 car 🚗 bike 🚲 airplane ✈️ rocket 🚀 ship 🚢 anchor ⚓
construction 🚧 watch ⌚ hourglass ⌛ alarm_clock ⏰ stopwatch ⏱️ sunny ☀️ cloud ☁️ umbrella ☔ rainbow 🌈 zap ⚡
snowflake ❄️ snowman ⛄ fire 🔥 droplet 💧 ocean 🌊 moon 🌙 star ⭐ star2 🌟 sparkles ✨ jack_o_lantern 🎃
christmas_tree 🎄 fireworks 🎆 balloon 🎈 tada 🎉 confetti_ball 🎊 gift 🎁 ticket 🎫 medal 🏅 trophy 🏆
1st_place_medal 🥇 soccer ⚽ basketball 🏀 football 🏈 tennis 🎾 dart 🎯 video_game 🎮 game_die 🎲 art 🎨
musical_note 🎵 notes 🎶 microphone 🎤 headphones 🎧 guitar 🎸 drum 🥁 crown 👑 gem 💎 bell 🔔 no_bell 🔕
loudspeaker 📢 iphone 📱 telephone ☎️ battery 🔋 computer 💻 keyboard ⌨️ printer 🖨️ floppy_disk 💾 camera 📷
tv 📺 mag 🔍 candle 🕯️ bulb 💡 flashlight 🔦 books 📚 book 📖 newspaper 📰 bookmark 🔖 moneybag 💰
credit_card 💳 email 📧 envelope ✉️ inbox_tray 📥 package 📦 pencil ✏️ memo 📝 briefcase 💼 file_folder 📁
calendar 📅 chart_with_upwards_trend 📈 chart_with_downwards_trend 📉 bar_chart 📊 pushpin 📌 paperclip 📎
scissors ✂️ wastebasket 🗑️ lock 🔒 unlock 🔓 key 🔑 hammer 🔨 wrench 🔧 gear ⚙️ link 🔗 magnet 🧲 microscope 🔬
telescope 🔭 pill 💊 door 🚪 bed 🛏️ shower 🚿 soap 🧼 shopping_cart 🛒 warning ⚠️ no_entry ⛔ radioactive ☢️
arrow_up ⬆️ arrow_right ➡️ arrow_down ⬇️ arrow_left ⬅️ recycle ♻️ white_check_mark ✅ heavy_check_mark ✔️ x ❌
question ❓ exclamation ❗ infinity ♾️ copyright ©️ red_circle 🔴 green_circle 🟢 checkered_flag 🏁 rainbow_flag 🏳️‍🌈
`;

const words = TABLE.trim().split(/\s+/);

/** The emoji by name. @type {ReadonlyMap<string, string>} */
export const emoji = new Map(
  Array.from({ length: words.length / 2 }, (_, i) => [words[2 * i], words[2 * i + 1]]),
);

/** The emoji offered as reactions. */
export const favourites = "👍 ❤️ 😂 🎉 😮 😢 🙏 👀 🔥 ✅ 👏 🚀 💯 🤔 👎 ☕".split(" ");
