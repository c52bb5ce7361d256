// The admin's sidebar: Django's own script moves the content beside it only when all of the page has come. Done before
// anything is shown, nobody sees the page jump.
"use strict";
document.getElementById("main").classList.toggle("shifted", localStorage.getItem("django.admin.navSidebarIsOpen") !== "false");
