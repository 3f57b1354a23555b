// A strip of five frames of a player's run, from the first to the last; each takes the player to it.

const N_STILLS = 5;

// draw(canvas, t) returns the chart of frame t; name(t) is what stands under it.
export function addStills(player, draw, name) {
  let strip = player.board.querySelector(".player__stills");
  if (!strip) {
    strip = Object.assign(document.createElement("div"), { className: "player__stills" });
    player.board.querySelector(".player__bar").after(strip);
  }
  for (let k = 0; k < N_STILLS; k++) {
    const t = Math.round((k * player.last) / (N_STILLS - 1));
    const button = document.createElement("button");
    const canvas = document.createElement("canvas");
    button.type = "button";
    button.append(canvas, name(t));
    button.addEventListener("click", () => player.seek(t));
    strip.append(button);
    player.charts.push(draw(canvas, t));
  }
}

export const BARE = { left: 0.2, right: 0.2, top: 0.2, bottom: 0.2 };
