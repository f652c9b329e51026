"""What each path of the API answers: parameters, pages, shapes."""
