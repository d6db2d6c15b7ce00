import "./style/tokens.css";
import "./style/base.css";
import "./grid/grid.css";

import { mount } from "svelte";

import App from "./App.svelte";
import { register } from "./offline/register";

const target = document.getElementById("app");
if (target) mount(App, { target });
register();
