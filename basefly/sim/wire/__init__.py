"""One exchange: the request as it was understood, and the form in which it is answered."""
